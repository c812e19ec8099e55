package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/scope"
)

// readValidations reads what the team states about what was proven: the files that flags name, else validations.yaml of the settings.
func (r *run) readValidations() error {
	names := r.flags.validations
	if len(names) == 0 {
		if own := r.settings.path("validations.yaml"); own != "" {
			names = []string{own}
		}
	}
	for _, name := range names {
		if r.origin.later(name) {
			continue
		}
		f, err := r.settings.from.open(name)
		if err != nil {
			return setup(err, "")
		}
		proofs, err := scope.ReadValidations(strings.TrimPrefix(filepath.ToSlash(name), "./"), f)
		f.Close()
		if err != nil {
			return setup(err, "an entry is {cve: CVE-2021-44228, asset: shop, status: mitigated, control: …, by: …, at: 2026-11-21, expires: 2027-01-31}")
		}
		r.validations = append(r.validations, proofs...)
	}
	return nil
}

// joinValidation adds what attempts to exploit showed: those of the reports, and those that the team states.
func (r *run) joinValidation(context.Context) error {
	proven := r.assets.ApplyProofs(r.result.Cases, append(slices.Clone(r.reading.proofs), r.validations...), r.result.Now)
	r.noteProofs("expired and not used", proven.Expired)
	r.noteProofs("not used, since when it was shown is not known or still to come", proven.Undated)
	r.noteProofs("about no case of this run", proven.Unused)
	if proven.Excused > 0 && r.underReview() {
		r.weaken(fmt.Sprintf("validations on %d of %d cases, which the change under review may have written", proven.Excused, len(r.result.Cases)))
	}
	return nil
}

// mostNamed is how many places a note names.
const mostNamed = 3

func (r *run) noteProofs(what string, proofs []engine.Proof) {
	var places []string
	for i := range proofs {
		p := &proofs[i]
		place := p.Source
		if until := p.Until(); !until.IsZero() {
			place += " (" + p.Status + " until " + until.Format("2 Jan 2006") + ")"
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	if len(places) == 0 {
		return
	}
	noun := "validations"
	if len(proofs) == 1 {
		noun = "validation"
	}
	more := ""
	if n := len(places) - mostNamed; n > 0 {
		places, more = places[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	r.app.say("note", fmt.Sprintf("%d %s %s: %s%s", len(proofs), noun, what, strings.Join(places, ", "), more))
}

// joinConflicts notes where proof of an exploit stands against what others say. It comes when all facts are there.
func (r *run) joinConflicts(context.Context) error {
	scope.Contradict(r.result.Cases)
	return nil
}
