package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/report"
)

//go:embed doctor.schema.json
var doctorSchema []byte

// A standing is how a thing stands that was looked at.
type standing string

const (
	standsOK   standing = "ok"
	standsWarn standing = "warn" // it works, and something that people count on is missing
	standsFail standing = "fail" // it does not work
)

// A diagnosis is one thing that was looked at.
type diagnosis struct {
	Check  string   `json:"check"`
	Status standing `json:"status"`
	Says   string   `json:"says"`
	Fix    string   `json:"fix,omitempty"` // what to do about it

	end int // the exit status that a failure comes to
}

// A department is what was looked at of one thing that is set up.
type department struct {
	Name   string      `json:"name"`
	Place  string      `json:"place,omitempty"`
	Checks []diagnosis `json:"checks"`
}

func (d *department) ok(check, format string, a ...any) {
	d.Checks = append(d.Checks, diagnosis{Check: check, Status: standsOK, Says: fmt.Sprintf(format, a...)})
}

func (d *department) warn(check, fix, format string, a ...any) {
	d.Checks = append(d.Checks, diagnosis{Check: check, Status: standsWarn, Says: fmt.Sprintf(format, a...), Fix: fix})
}

func (d *department) fail(end int, check, fix, format string, a ...any) {
	d.Checks = append(d.Checks, diagnosis{Check: check, Status: standsFail, Says: fmt.Sprintf(format, a...), Fix: fix, end: end})
}

// failed takes over what a part of the program says is wrong, and what it says to do about it.
func (d *department) failed(check string, err error) {
	is := &failure{status: statusSetup, err: err}
	if f := (*failure)(nil); errors.As(err, &f) {
		is = f
	}
	d.fail(is.status, check, is.hint, "%s", strings.ReplaceAll(is.err.Error(), "\n", "; "))
}

// departments are what the doctor looks at, in this order: one line each. A department that finds nothing set up has no checks.
var departments = []struct {
	name string
	look func(*examination, context.Context, *department)
}{
	{"settings", (*examination).examineSettings},
	{"git", (*examination).examineGit},
	{"policy", (*examination).examinePolicy},
	{"assets", (*examination).examineAssets},
	{"waivers", (*examination).examineWaivers},
	{"reports", (*examination).examineReports},
	{"intel", (*examination).examineIntel},
	{"ledger", (*examination).examineLedger},
	{"evidence", (*examination).examineEvidence},
	{"workflows", (*examination).examineWorkflows},
	{"github", (*examination).examineGitHub},
	{"jira", (*examination).examineJira},
	{"notify", (*examination).examineNotify},
	{"clock", (*examination).examineClock},
}

// An examination is one visit to the doctor.
type examination struct {
	*run
	args    []string
	key     string // that signs evidence: a file, or the key itself
	offline bool

	mu   sync.Mutex
	said []saidTime // what servers say the time is
}

// A saidTime is when a server says that it answered, and when that was here.
type saidTime struct {
	host      string
	said, was time.Time
}

// doctorFormats are what the doctor can write.
var doctorFormats = []report.Format{{Name: "text", Title: "for people"}, {Name: "json", Title: "one document: headgate schema diagnosis"}}

func newDoctorCommand(a *app) *cobra.Command {
	var f runFlags
	x := &examination{}
	var outputs, only []string
	c := &cobra.Command{
		Use:   "doctor [REPORT…]",
		Short: "Look whether what is set up works, and say exactly how to put right what does not",
		Long: `Looks at everything that a run needs, and changes nothing anywhere: settings, the base commit that judges pull requests, policies,
assets, waivers, reports, threat data, the ledger, the key that signs evidence, what workflows let the action do, GitHub, Jira, webhooks
and the clock. What is not right comes with what to do about it. Secrets are never shown. It asks servers that are set up; with --offline,
none.

Exit status: 0 all works (warnings too), 2 something that you set up is to be put right, 3 nothing of that is wrong, but a run could not
decide or tell: a report, threat data or a server cannot be had.`,
		Example: `  headgate doctor
  headgate doctor reports/ --offline
  headgate doctor --only jira -o json`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, doctorFormats)
			if err != nil {
				return err
			}
			for _, name := range only {
				if !slices.Contains(departmentNames(), name) {
					return setup(fmt.Errorf("--only %q is nothing that is looked at", name), "it can be "+words(departmentNames()))
				}
			}
			x.run, x.args = a.newRun(&f), args
			return x.doctor(c.Context(), only, outs)
		},
	}
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml (default: .headgate here or above)")
	c.Flags().StringVar(&f.repository, "repository", "", "`owner/name` of the repository (default: settings, CI, git)")
	c.Flags().StringArrayVar(&f.policies, "policy", nil, "`folder` with packs of your own, or a bundle")
	c.Flags().StringArrayVar(&f.policyKeys, "policy-key", nil, "`file` with a public key in PEM that the bundle must be signed by")
	c.Flags().StringVar(&f.intel, "intel", "", "`folder` with threat data (default: intel in the settings folder)")
	c.Flags().StringVar(&f.assets, "assets", "", "assets `file` (default: assets.yaml in the settings folder)")
	c.Flags().StringVar(&f.waivers, "waivers", "", "waivers `file` (default: waivers.yaml in the settings folder)")
	c.Flags().StringVar(&f.base, "base", "", "`commit` that pull requests are judged by (default: from CI, else the default branch of origin)")
	c.Flags().StringVar(&f.ledger.where, "ledger", "", ledgerForms)
	c.Flags().StringVar(&x.key, "evidence-key", "", "`file` with the key that signs evidence; HEADGATE_EVIDENCE_KEY may be the key itself")
	c.Flags().StringSliceVar(&only, "only", nil, "look at `these` alone: "+words(departmentNames()))
	c.Flags().BoolVar(&x.offline, "offline", false, "ask no server")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(doctorFormats)+" (default text)")
	return c
}

func departmentNames() (names []string) {
	for _, d := range departments {
		names = append(names, d.name)
	}
	return names
}

// doctorTime bounds a visit; a server that does not answer is given up long before.
const doctorTime = 3 * time.Minute

func (x *examination) doctor(ctx context.Context, only []string, outs []output) error {
	ctx, _, done := x.app.guard(ctx, doctorTime, 0)
	defer done()
	defer func() { x.origin.end() }()
	all := []department{}
	for _, d := range departments {
		if len(only) > 0 && !slices.Contains(only, d.name) && d.name != "settings" {
			continue
		}
		looked := department{Name: d.name}
		d.look(x, ctx, &looked)
		if len(looked.Checks) > 0 && (len(only) == 0 || slices.Contains(only, d.name) || d.name == "settings" && looked.worst() == standsFail) {
			all = append(all, looked)
		}
	}
	write := func(w io.Writer, o output, options report.Options) error {
		if o.format == "json" {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(map[string]any{"schema": "headgate.doctor/1", "status": worst(all), "systems": all})
		}
		return tellDoctor(w, options, all)
	}
	err := x.app.writeOutputs(outs,
		func(o output, to *os.File) error { return write(to, o, report.Options{Width: 100}) },
		func(o output) error { return write(x.app.stdout, o, x.app.reportOptions()) },
	)
	if err != nil {
		return err
	}
	return verdictOf(all)
}

// verdictOf is what a visit ends with.
func verdictOf(all []department) error {
	bad, end := 0, statusUndecided
	for _, d := range all {
		for _, c := range d.Checks {
			if c.Status == standsFail {
				bad++
				if c.end != statusUndecided {
					end = statusSetup
				}
			}
		}
	}
	if bad == 0 {
		return nil
	}
	return &failure{status: end, err: fmt.Errorf("%d of the checks found something to put right", bad), said: true}
}

func (d *department) worst() standing {
	is := standsOK
	for _, c := range d.Checks {
		if c.Status == standsFail || c.Status == standsWarn && is == standsOK {
			is = c.Status
		}
	}
	return is
}

func worst(all []department) standing {
	is := standsOK
	for i := range all {
		if w := all[i].worst(); w == standsFail || is == standsOK {
			is = w
		}
	}
	return is
}

// unreachable says why a server did not answer, without what only the machine's own administrator understands.
func unreachable(host string, err error) error {
	var name *net.DNSError
	var wait net.Error
	var address *url.Error
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("nobody here knows where %s is", host)
	case errors.As(err, &wait) && wait.Timeout():
		return fmt.Errorf("%s does not answer", host)
	case errors.As(err, &address):
		return fmt.Errorf("%s: %w", host, address.Err)
	}
	return fmt.Errorf("%s: %w", host, err)
}

// ask sends a request that changes nothing to a server, and notes the time that it says it is.
func (x *examination) ask(ctx context.Context, method, address string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, errors.New("the address is none")
	}
	req.Header.Set("User-Agent", "headgate/"+buildVersion())
	client := &http.Client{Transport: x.app.wire}
	res, err := client.Do(req)
	if err != nil {
		return nil, unreachable(req.URL.Host, err)
	}
	res.Body.Close()
	if said, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		x.mu.Lock()
		x.said = append(x.said, saidTime{res.Request.URL.Host, said, x.app.now()})
		x.mu.Unlock()
	}
	return res, nil
}
