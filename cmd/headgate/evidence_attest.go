package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/headgate/headgate/engine/evidence"
)

// kept is the evidence that a run left, as the outputs of a workflow's step name it: what actions/attest takes to sign it by the identity of
// the workflow, without a key.
type kept struct {
	folder    string
	run       string // digest of the statement
	subjects  string // file with the digests of what the run was about, as sha256sum writes them
	predicate string // file with the predicate alone
}

// attestable writes beside the evidence what actions/attest wants in files of their own.
func attestable(folder, run string) (*kept, error) {
	b, done, err := openBundle(folder)
	if err != nil {
		return nil, err
	}
	defer done()
	data, err := evidence.Document(context.Background(), b, evidence.PartStatement)
	if err != nil {
		return nil, err
	}
	e, err := evidence.OpenEnvelope(data, nil)
	if err != nil {
		return nil, err
	}
	s, err := evidence.ReadStatement(e.Payload)
	if err != nil {
		return nil, err
	}
	predicate, err := s.Predicate.Encode()
	if err != nil {
		return nil, err
	}
	base := filepath.Clean(folder)
	k := &kept{folder: folder, run: run, subjects: base + ".subjects", predicate: base + ".predicate.json"}
	var sums strings.Builder
	for _, subject := range s.Subject {
		if digits := subject.Digest["sha256"]; digits != "" {
			fmt.Fprintf(&sums, "%s  %s\n", digits, printable(subject.Name))
		}
	}
	for name, text := range map[string]string{k.subjects: sums.String(), k.predicate: string(predicate)} {
		if err := writeTo(name, func(f *os.File) error { _, err := f.WriteString(text); return err }); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, plain(err))
		}
	}
	return k, nil
}

// outputs are the outputs of a workflow's step; all are empty without evidence.
func (k *kept) outputs() []outputPair {
	if k == nil {
		k = &kept{}
	}
	kind := ""
	if k.predicate != "" {
		kind = evidence.RunPredicate
	}
	return []outputPair{{"evidence", k.folder}, {"evidence-run", k.run}, {"evidence-subjects", k.subjects},
		{"evidence-predicate-type", kind}, {"evidence-predicate", k.predicate}}
}
