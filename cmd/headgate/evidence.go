package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

func newEvidenceCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "evidence",
		Short: "Prove what was decided: verify, show, replay, sample and export evidence",
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
	newEvidenceShowCommand,
	newEvidenceReplayCommand,
	newEvidencePopulationCommand,
	newEvidenceSampleCommand,
	newEvidenceReceiptCommand,
	newEvidenceExportCommand,
	newEvidenceAppendCommand,
	newEvidenceEraseCommand,
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
