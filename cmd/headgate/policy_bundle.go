package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/bundle"
)

// bundleFlags are what policy bundle is told.
type bundleFlags struct {
	settings  string
	file      string
	revision  string
	signKey   string
	algorithm string
	keyID     string
	verify    string
	keys      []string
}

func newPolicyBundleCommand(a *app) *cobra.Command {
	var f bundleFlags
	c := &cobra.Command{
		Use:   "bundle [DIR…] -o FILE.tar.gz | --verify FILE.tar.gz",
		Short: "Pack the policies into one file, which can be signed, or verify one",
		Long: `Packs all that decides into an OPA bundle: main and lib as they ship, the packs that are on, your own, and the parameters of the
settings. DIR is a folder that holds packs; without any it is policies in the settings folder. Whatever would not load is not packed. The
same policies give the same bytes.

gate --policy FILE.tar.gz decides by it, and by nothing else. With --policy-key it must be signed by that key; without, anyone who can
change the file can change the policy, unless its digest is given too: --policy FILE.tar.gz#sha256:…. From a server it takes one of the two:
--policy https://…#sha256:…, or oci://registry/repository@sha256:… with the credentials of docker login.`,
		Example: `  openssl genpkey -algorithm ed25519 -out policy.key && openssl pkey -in policy.key -pubout -out policy.pub
  headgate policy bundle -o policy.tar.gz --sign-key policy.key --revision v12
  headgate policy bundle --verify policy.tar.gz --policy-key policy.pub
  headgate gate --policy policy.tar.gz --policy-key policy.pub reports/`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.verify != "" && (f.file != "" || f.signKey != "" || len(args) > 0):
				return setup(errors.New("--verify verifies a bundle and makes none"), "")
			case f.verify != "":
				return a.verifyBundle(c.Context(), &f)
			case f.file == "":
				return setup(errors.New("-o says which file the bundle becomes"), "headgate policy bundle -o policy.tar.gz")
			case len(f.keys) > 0:
				return setup(errors.New("--policy-key verifies a bundle"), "--sign-key signs one")
			}
			return a.makeBundle(c.Context(), &f, args)
		},
	}
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml and policies (default: .headgate here or above)")
	c.Flags().StringVarP(&f.file, "output", "o", "", "the `file` to write")
	c.Flags().StringVar(&f.revision, "revision", "", "what the bundle is called, `text` (default: the digest of the policy)")
	c.Flags().StringVar(&f.signKey, "sign-key", "", "`file` with the private key in PEM that signs")
	c.Flags().StringVar(&f.algorithm, "sign-alg", "", "`algorithm` of the signature: EdDSA, ES256, RS256 or another of the key (default: the usual one of the key)")
	c.Flags().StringVar(&f.keyID, "key-id", "", "what the signature calls the key, `text` (default: the key's fingerprint)")
	c.Flags().StringVar(&f.verify, "verify", "", "verify a `bundle` with --policy-key, and load it")
	c.Flags().StringArrayVar(&f.keys, "policy-key", nil, "`file` with a public key in PEM, or several of which one must have signed")
	return c
}

// makeBundle packs the policies of the settings, or of folders instead of the settings' own.
func (a *app) makeBundle(ctx context.Context, f *bundleFlags, folders []string) error {
	if f.signKey == "" && (f.algorithm != "" || f.keyID != "") {
		return setup(errors.New("--sign-alg and --key-id are of --sign-key, which is not given"), "")
	}
	s, err := a.openSettings(workingTree, f.settings, nil)
	if err != nil {
		return err
	}
	choice := &policyChoice{source: settingsPolicy(s), folder: folders}
	own := s.path("policies")
	if own != "" && len(folders) == 0 {
		choice.folder = []string{own}
	}
	if err := choice.openFolders(own); err != nil {
		return err
	}
	if s.FailOn != "" { // as the gate does: it is a parameter of main
		if choice.source.Params, err = withParam(s.Params, "main", "fail_on", s.FailOn); err != nil {
			return setup(err, "")
		}
	}
	var signer *bundle.Signer
	if f.signKey != "" {
		text, err := workingTree.read(f.signKey, mostSettings)
		if err != nil {
			return setup(fmt.Errorf("--sign-key: %w", err), "")
		}
		if signer, err = bundle.ReadSigner(text, f.algorithm, f.keyID); err != nil {
			return setup(fmt.Errorf("--sign-key %s: %w", f.signKey, err), "")
		}
	}
	packed, err := engine.Pack(ctx, choice.source)
	if err != nil {
		return cmp.Or(stopped(ctx), setup(err, "headgate policy check finds all that is wrong"))
	}
	data, err := bundle.Write(cmp.Or(f.revision, packed.Info.Digest),
		bundle.About{Policy: packed.Info.Digest, Packs: packed.Info.Packs, Overrides: packed.Overrides}, packed.Files, signer)
	if err != nil {
		return setup(fmt.Errorf("the bundle: %w", err), "")
	}
	made, err := bundle.Open(data, nil)
	if err != nil {
		return setup(fmt.Errorf("the bundle: %w", err), "")
	}
	if err := writeTo(f.file, func(to *os.File) error { _, err := to.Write(data); return err }); err != nil {
		return undecided(fmt.Errorf("write %s: %w", f.file, plain(err)), "")
	}
	return a.sayBundle(shown(f.file), made, packed.Info)
}

// sayBundle writes what a bundle is.
func (a *app) sayBundle(name string, b *bundle.Bundle, policy engine.PolicyInfo) error {
	signature := "none"
	switch {
	case b.Verified != "":
		signature = "verified, by " + b.Verified
	case b.Signed:
		signature = "there is one"
	}
	for _, line := range [][2]string{
		{"bundle", name},
		{"digest", b.Digest},
		{"revision", cmp.Or(b.Revision, "none")},
		{"policy", policy.Digest},
		{"packs", fmt.Sprint(len(policy.Packs))},
		{"signature", signature},
	} {
		if _, err := fmt.Fprintf(a.stdout, "%-10s %s\n", line[0], printable(line[1])); err != nil {
			return undecided(fmt.Errorf("write standard output: %w", plain(err)), "")
		}
	}
	return nil
}

// verifyBundle opens a bundle as the gate would and says what it is.
func (a *app) verifyBundle(ctx context.Context, f *bundleFlags) error {
	if len(f.keys) == 0 {
		return setup(errors.New("--verify needs the key to verify with"), "--policy-key policy.pub")
	}
	if !isBundle(workingTree, f.verify) {
		return setup(fmt.Errorf("there is no bundle %s", f.verify), "")
	}
	choice, err := a.choosePolicy(ctx, &settings{}, []string{f.verify}, f.keys)
	if err != nil {
		return err
	}
	choice.source.NoRange = true
	p, err := engine.LoadPolicy(ctx, choice.source)
	if err != nil {
		return cmp.Or(stopped(ctx), setup(err, ""))
	}
	return a.sayBundle(choice.name, choice.bundle, p.Info())
}
