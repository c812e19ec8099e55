package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
	"github.com/headgate/headgate/integrations/transport"
)

func newEvidenceAppendCommand(a *app) *cobra.Command {
	var where, name, key, public string
	var adopt bool
	c := &cobra.Command{
		Use:   "append BUNDLE --ledger LEDGER",
		Short: "Put the bundle of a run into a ledger",
		Long: `Puts a bundle that gate --evidence left elsewhere, as on a runner that has no way to the ledger, into the ledger and its log. The bundle is
verified first, with --key by that key. A run that the ledger has already is not put there again.

Who signs the checkpoint of a log vouches for all that is in it. So a key follows only what it signed itself; --adopt has it follow another key,
or none, once. Verify the ledger before.

Exit status: 0 it is in the ledger, 21 to 25 the bundle does not verify, 2 the ledger or a key does not load, 3 it could not be put there.`,
		Example: `  headgate evidence append evidence/ --ledger ledger.db --key evidence.key.pub --evidence-key log.key`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if where == "" {
				return setup(errors.New("--ledger says which ledger"), "headgate evidence append "+args[0]+" --ledger ledger.db")
			}
			signer, err := readEvidenceSigner(key)
			if err != nil {
				return err
			}
			o, err := (&verifyFlags{key: public}).options()
			if err != nil {
				return err
			}
			return a.appendBundle(c.Context(), args[0], where, name, evidence.Seal{Signer: signer, Adopt: adopt}, o)
		},
	}
	c.Flags().StringVar(&where, "ledger", "", ledgerForms+", or git:REF for the log alone")
	c.Flags().StringVar(&name, "log", "", "the `name` of the log where the ledger is new (default: the repository of the run, else headgate)")
	c.Flags().StringVar(&key, "evidence-key", "", "`file` with the Ed25519 key in PEM that signs the checkpoint of the log; HEADGATE_EVIDENCE_KEY may be the key itself")
	c.Flags().StringVar(&public, "key", "", "`file` with the public key in PEM that must have signed the bundle, or with several")
	c.Flags().BoolVar(&adopt, "adopt", false, "sign the log though its latest checkpoint is by another key or by none: the key vouches for all that is in it")
	return c
}

// appendBundle puts a bundle into a ledger once it is verified.
func (a *app) appendBundle(ctx context.Context, folder, where, name string, seal evidence.Seal, o evidence.Options) error {
	if name != "" {
		if err := evidence.CheckOrigin(name); err != nil {
			return setup(fmt.Errorf("--log: %w", err), "")
		}
	}
	root, err := os.OpenRoot(folder) // no link leads out of it
	if err != nil {
		return undecided(fmt.Errorf("%s: %w", folder, plain(err)), "it is to be the folder of a bundle")
	}
	defer root.Close()
	if _, err := root.Stat(evidence.CheckpointPath); err == nil {
		return undecided(fmt.Errorf("%s: it is a log, and no bundle", folder), "")
	}
	b, v, err := evidence.OpenVerified(ctx, root.FS(), o)
	if err != nil {
		return undecided(fmt.Errorf("%s: %w", folder, plain(err)), "")
	}
	if v.Failed > 0 {
		if err := a.showVerification(v, folder, "text"); err != nil {
			return err
		}
		return &failure{status: statusLevel + v.Failed, err: errors.New("not verified"), said: true}
	}
	if name == "" {
		if name, err = repositoryOfRun(ctx, b); err != nil {
			return undecided(fmt.Errorf("%s: %w", folder, err), "")
		}
	}
	l, err := a.ledgerToWrite(ctx, where)
	if err != nil {
		return err
	}
	defer l.Close()
	to := &ledger{ledgerKeeper: l, where: where}
	seal.Origin = name
	index, added, err := to.append(ctx, b, seal)
	if err != nil {
		return undecided(fmt.Errorf("the run is not in the ledger %s: %w", store.Shown(where), plain(err)), hintOnForeign(err))
	}
	already := ""
	if !added {
		already = " already"
	}
	fmt.Fprintf(a.stdout, "run %s is in the ledger %s%s: leaf %d of its log\n", v.Run, printable(store.Shown(where)), already, index)
	return nil
}

// repositoryOfRun is the repository that a run was about, as the name of a log.
func repositoryOfRun(ctx context.Context, run evidence.Run) (string, error) {
	data, err := evidence.Document(ctx, run, evidence.PartTerms)
	if err != nil {
		return "", err
	}
	terms, err := evidence.ReadTerms(data)
	if err != nil {
		return "", err
	}
	if name := terms.Change.Repository; evidence.CheckOrigin(name) == nil {
		return name, nil
	}
	return "headgate", nil
}

// ledgerToWrite opens a ledger that a run is appended to; a new one is made.
func (a *app) ledgerToWrite(ctx context.Context, where string) (ledgerKeeper, error) {
	if store.IsGit(where) {
		l, err := store.OpenGit(ctx, where, ".", transport.WallClock().Sleep)
		if err != nil {
			return nil, ledgerFailure(where, err)
		}
		return l, nil
	}
	l, err := store.Open(ctx, where)
	if err != nil {
		return nil, ledgerFailure(where, err)
	}
	return l, nil
}

// A ledgerReader is a ledger that is only read.
type ledgerReader interface {
	evidence.Log
	Run(ctx context.Context, digest string) (evidence.Run, error)
	Close() error
}

// isLedger says whether a name is that of a ledger, and not of a folder or receipt.
func isLedger(name string) bool {
	if store.IsGit(name) || strings.HasPrefix(name, "sqlite:") || strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		return true
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if s, err := f.Stat(); err != nil || !s.Mode().IsRegular() {
		return false
	}
	head := make([]byte, len(sqliteMagic))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, sqliteMagic)
}

// sqliteMagic begins every SQLite database.
var sqliteMagic = []byte("SQLite format 3\x00")

// ledgerToRead opens a ledger that is there.
func (a *app) ledgerToRead(ctx context.Context, where string) (ledgerReader, error) {
	if store.IsGit(where) {
		l, err := store.OpenGit(ctx, where, ".", transport.WallClock().Sleep)
		if err != nil {
			return nil, ledgerFailure(where, err)
		}
		return statements{l}, nil
	}
	l, err := store.OpenExisting(ctx, where)
	if err != nil {
		return nil, ledgerFailure(where, err)
	}
	return l, nil
}

// statements is a log on a git ref: of its runs it has the statements.
type statements struct{ *store.GitLog }

// Run is a run with no part but its statement.
func (s statements) Run(ctx context.Context, digest string) (evidence.Run, error) {
	text, err := s.Statement(ctx, digest)
	if err != nil {
		return nil, err
	}
	return statement(text), nil
}

type statement []byte

// Part gives the statement; no other part is there.
func (s statement) Part(_ context.Context, name string) (io.ReadCloser, error) {
	if name != evidence.PartStatement {
		return nil, fmt.Errorf("the log has statements alone: %w", fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(s)), nil
}
