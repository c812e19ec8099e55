package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

func newEvidenceCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "evidence",
		Short: "Prove what was decided: verify evidence, make receipts and keys",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, newCommand := range evidenceCommands {
		c.AddCommand(newCommand(a))
	}
	return c
}

// evidenceCommands are the subcommands of evidence: one file and one line each.
var evidenceCommands = []func(*app) *cobra.Command{
	newEvidenceVerifyCommand,
	newEvidenceReceiptCommand,
	newEvidenceKeygenCommand,
}

func newEvidenceKeygenCommand(a *app) *cobra.Command {
	var file, origin string
	c := &cobra.Command{
		Use:   "keygen -o FILE",
		Short: "Make the key that signs evidence",
		Long: `Makes an Ed25519 key. FILE gets the private key in PEM, which gate --evidence-key signs with and nobody else should be able to read;
FILE.pub gets the public key, which evidence verify --key checks with. openssl genpkey -algorithm ed25519 makes such keys too.

With --log it says how other readers of C2SP logs know the key: as a verifier key in the name of the log.`,
		Example: `  headgate evidence keygen -o evidence.key
  headgate gate reports/ --evidence evidence/ --evidence-key evidence.key`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return setup(errors.New("-o says which file the key becomes"), "headgate evidence keygen -o evidence.key")
			}
			return a.makeEvidenceKey(file, origin)
		},
	}
	c.Flags().StringVarP(&file, "output", "o", "", "the `file` of the private key; the public one is beside it, with .pub behind the name")
	c.Flags().StringVar(&origin, "log", "", "the `name` of a log whose checkpoints the key signs")
	return c
}

// makeEvidenceKey writes a new key. One that is there is never written over: what it signed could not be signed again.
func (a *app) makeEvidenceKey(file, origin string) error {
	key, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	known := ""
	if origin != "" {
		if err := evidence.CheckOrigin(origin); err != nil {
			return setup(fmt.Errorf("--log: %w", err), "")
		}
		if known, err = key.NoteKey(origin); err != nil {
			return err
		}
	}
	private, err := key.PEM()
	if err != nil {
		return err
	}
	public, err := key.Key.PEM()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		text []byte
		mode os.FileMode
	}{{file, private, 0o600}, {file + ".pub", public, 0o644}} {
		to, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
		if err != nil {
			return setup(fmt.Errorf("write %s: %w", f.name, plain(err)), "a key is never written over")
		}
		_, err = to.Write(f.text)
		if err := errors.Join(err, to.Close()); err != nil {
			return undecided(fmt.Errorf("write %s: %w", f.name, plain(err)), "")
		}
	}
	fmt.Fprintf(a.stdout, "%s is the private key, %s.pub the public one: %s\n", printable(file), printable(file), key.Fingerprint)
	if known != "" {
		fmt.Fprintf(a.stdout, "in checkpoints of the log: %s\n", printable(known))
	}
	return nil
}

func newEvidenceReceiptCommand(a *app) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "receipt BUNDLE ID [-o FILE]",
		Short: "Make the receipt of one decision: a small file that proves it by itself",
		Long: `A receipt is one JSON file that anyone can check with evidence verify and the public key, without the bundle: the record of the
decision, the proof that it is in the run, what the run states and who signed it.

ID is the number of the record, its id (run/number), or the id or name of a finding, with @ASSET behind it where several assets have it.`,
		Example: `  headgate evidence receipt evidence/ CVE-2021-44228@checkout -o receipt.json
  headgate evidence verify receipt.json --key evidence.key.pub`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			b, done, err := openBundle(args[0])
			if err != nil {
				return err
			}
			defer done()
			index, err := findRecord(c, b, args[1])
			if err != nil {
				return err
			}
			r, err := evidence.MakeReceipt(c.Context(), b, index)
			if err != nil {
				return undecided(fmt.Errorf("receipt of %s: %w", args[1], err), "")
			}
			text, err := r.Encode()
			if err != nil {
				return err
			}
			if file == "" {
				_, err := a.stdout.Write(text)
				return err
			}
			if err := writeTo(file, func(f *os.File) error { _, err := f.Write(text); return err }); err != nil {
				return undecided(fmt.Errorf("write %s: %w", file, plain(err)), "")
			}
			return nil
		},
	}
	c.Flags().StringVarP(&file, "output", "o", "", "the `file` to write (default: standard output)")
	return c
}

// openBundle opens a folder of evidence. No link leads out of it.
func openBundle(folder string) (*evidence.Bundle, func(), error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, nil, undecided(fmt.Errorf("%s: %w", folder, plain(err)), "")
	}
	b, err := evidence.OpenBundle(root.FS())
	if err != nil {
		root.Close()
		return nil, nil, undecided(fmt.Errorf("%s: %w", folder, err), "headgate gate --evidence makes a bundle")
	}
	return b, func() { root.Close() }, nil
}

// findRecord finds the record that an id means; it is an error if it means none or several.
func findRecord(c *cobra.Command, b *evidence.Bundle, id string) (int64, error) {
	if run, number, ok := strings.Cut(id, "/"); ok && strings.HasPrefix(run, "sha256:") {
		data, err := evidence.Document(c.Context(), b, evidence.PartStatement)
		if err != nil {
			return 0, undecided(err, "")
		}
		if e, err := evidence.OpenEnvelope(data, nil); err != nil || evidence.Digest(e.Payload) != run {
			return 0, undecided(fmt.Errorf("the bundle is of another run than %s", run), "")
		}
		id = number
	}
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n, nil
	}
	name, asset, onAsset := strings.Cut(id, "@")
	var found []*evidence.Record
	for line, err := range evidence.Lines(c.Context(), b, evidence.PartRecords) {
		if err != nil {
			return 0, undecided(err, "")
		}
		if !bytes.Contains(line, []byte(`"`+name+`"`)) {
			continue
		}
		r, err := evidence.ParseRecord(line)
		if err != nil {
			return 0, undecided(err, "")
		}
		if r.Decision != nil && r.Decision.Finding.Called(name) && (!onAsset || r.Decision.Asset.ID == asset) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return 0, undecided(fmt.Errorf("the bundle has no decision of %s", id), "")
	case 1:
		return found[0].Index, nil
	}
	return 0, undecided(fmt.Errorf("%d decisions are of %s", len(found), id),
		fmt.Sprintf("say on which asset: %s@%s", name, found[0].Decision.Asset.ID))
}
