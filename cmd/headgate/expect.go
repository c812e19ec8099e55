package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
)

// checkComplete marks the reports that are incomplete but allowed, and fails if one is not, or if there is no report at all.
func (r *run) checkComplete() error {
	if len(r.reading.reports) == 0 {
		return undecided(errors.New("there is no report"), "name report files, or a folder that has some; headgate formats lists what can be read")
	}
	if r.reading.scans == 0 {
		return undecided(errors.New("there are lists of components or statements, but no report of what a scan found"), "name the scanners' reports as well")
	}
	for i := range r.reading.reports {
		rep := &r.reading.reports[i]
		if rep.Complete {
			continue
		}
		if !r.allowsIncomplete(rep) {
			return undecided(fmt.Errorf("%s: the scan did not finish: %s", rep.Name, rep.Incomplete),
				"scan again, or accept what it found with --allow-incomplete "+path.Base(rep.Name))
		}
		rep.Allowed = true
		r.weaken("incomplete report " + rep.Name)
	}
	return nil
}

// allowsIncomplete says whether the user accepts that a report's scan did not finish.
func (r *run) allowsIncomplete(rep *engine.Report) bool {
	allowed := append(slices.Clone(r.flags.incomplete), r.settings.AllowIncomplete...)
	return slices.Contains(allowed, rep.Name) || slices.Contains(allowed, path.Base(rep.Name))
}

// checkExpected fails if a report that the settings expect is missing, unfinished or stale.
func (r *run) checkExpected() error {
	for i := range r.settings.Expect {
		e := &r.settings.Expect[i]
		if len(e.Events) > 0 && !slices.Contains(e.Events, r.result.Change.Event) {
			continue
		}
		met := r.met(e)
		r.result.Expected = append(r.result.Expected, met)
		if met.Status != "met" {
			return undecided(fmt.Errorf("the report that the settings expect (%s) is %s", e.what(), met.Status),
				"let the scan run before the gate, or change expect in "+path.Join(r.settings.folder, "headgate.yaml"))
		}
	}
	return nil
}

func (e *expectation) what() string {
	var parts []string
	for _, p := range [][2]string{{"tool", e.Tool}, {"path", e.Path}, {"asset", e.Asset}, {"at most old", e.MaxAge.String()}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// met says what became of an expectation: the best of the reports that fit it.
func (r *run) met(e *expectation) engine.Expected {
	out := engine.Expected{Tool: e.Tool, Path: e.Path, Asset: e.Asset, MaxAge: e.MaxAge.String(), Status: "missing"}
	order := []string{"missing", "incomplete", "stale", "met"}
	for i := range r.reading.reports {
		rep := &r.reading.reports[i]
		if !r.fits(e, rep) {
			continue
		}
		status := "met"
		switch {
		case !rep.Complete && !rep.Allowed:
			status = "incomplete"
		case e.MaxAge > 0 && !fresh(r.age(rep), time.Duration(e.MaxAge)):
			status = "stale"
		}
		if slices.Index(order, status) > slices.Index(order, out.Status) {
			out.Status, out.Report = status, rep.Name
		}
	}
	return out
}

// fits says whether a report is one that is expected. A path fits the report's name as given, or the end of it.
func (r *run) fits(e *expectation, rep *engine.Report) bool {
	if e.Tool != "" && !slices.ContainsFunc(strings.Split(rep.Tool, ", "), func(t string) bool { return strings.EqualFold(t, e.Tool) }) {
		return false
	}
	if e.Path != "" && !doublestar.MatchUnvalidated(e.Path, rep.Name) && !doublestar.MatchUnvalidated("**/"+e.Path, rep.Name) {
		return false
	}
	return e.Asset == "" || r.covers(rep, e.Asset)
}

// covers says whether the report is about the asset: a case on the asset comes from it, or it is complete and found nothing. A clean
// report names no asset, so it is taken for every one; who needs more gives tool or path too.
func (r *run) covers(rep *engine.Report, asset string) bool {
	if rep.Complete && rep.Findings == 0 {
		return true
	}
	return slices.ContainsFunc(r.result.Cases, func(c engine.Case) bool {
		return c.Input.Asset.ID == asset &&
			slices.ContainsFunc(c.Input.Finding.Sources, func(s engine.Source) bool { return s.Report == rep.Digest })
	})
}

// aheadAtMost is how far the clock of a machine that scans may be ahead of this one.
const aheadAtMost = time.Hour

// fresh says whether an age is within bounds. A date in the future is a wrong clock or a wrong report, and says nothing of the age.
func fresh(age, most time.Duration) bool { return age >= -aheadAtMost && age <= most }

// age is how old a report is: by the time that it states, else by its file's. A report without either is as old as can be.
func (r *run) age(rep *engine.Report) time.Duration {
	at := cmp.Or(rep.Time, r.fileTime(rep.Name))
	if at.IsZero() {
		return 1 << 62
	}
	return r.result.Now.Sub(at)
}
