package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headgate/headgate/engine"
)

// flagsFromEnvironment sets every flag that is not on the command line from HEADGATE_<FLAG>. Lists are separated by commas.
func (a *app) flagsFromEnvironment(c *cobra.Command) error {
	var errs []error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		name := inEnvironment(f.Name)
		value := a.getenv(name)
		if f.Changed || value == "" || f.Name == "help" || f.Name == versionFlag { // no setting: a job may name by HEADGATE_VERSION which release it is to install
			return
		}
		values := []string{value}
		if strings.HasSuffix(f.Value.Type(), "Array") {
			values = strings.Split(value, ",")
		}
		for _, v := range values {
			if err := c.Flags().Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return setup(err, "")
	}
	return nil
}

// inEnvironment is the environment's name of a flag.
func inEnvironment(flag string) string {
	return "HEADGATE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// runFlags are what the commands that read reports and decide have in common.
type runFlags struct {
	settings   string
	policies   []string
	policyKeys []string // files
	intel      string
	assets     string
	waivers    string
	repository string
	event      string
	base       string
	head       string
	now        string
	failOn     string
	baseline   []string
	diff       string
	reportOnly bool
	noClasses  bool
	keepGoing  bool // a report that cannot be read is noted, and the others are read
	noRange    bool
	incomplete []string
	maxBytes   int64
	secretsKey string
	deadline   time.Duration
	maxMemory  int64

	validations []string // files
	runtime     []string // files, or ASSET=FILE

	ledger ledgerFlags
}

// readFlags adds the flags of reading reports.
func (f *runFlags) readFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml, assets.yaml and policies (default: .headgate here or above, else beside the reports or above)")
	c.Flags().StringVar(&f.repository, "repository", "", "`owner/name` of the repository that the reports are about (default: settings, CI, git)")
	c.Flags().StringArrayVar(&f.incomplete, "allow-incomplete", nil, "a report `name` whose scan may be unfinished (recorded)")
	c.Flags().Int64Var(&f.maxBytes, "max-report-bytes", 0, "largest report in `bytes`, unpacked (default 1 GiB)")
	c.Flags().StringVar(&f.secretsKey, "secrets-key-file", "", "`file` with the key that values of secrets are digested with (default: settings; HEADGATE_SECRET_KEY is the key itself)")
}

// decideFlags adds the flags of deciding.
func (f *runFlags) decideFlags(c *cobra.Command) {
	f.readFlags(c)
	c.Flags().StringArrayVar(&f.policies, "policy", nil, "`folder` with packs of your own, besides policies in the settings folder; or a bundle, which replaces all policies: a file, https:// or oci:// with its digest")
	c.Flags().StringArrayVar(&f.policyKeys, "policy-key", nil, "`file` with a public key in PEM: the bundle must be signed by it, or by one of several")
	c.Flags().StringVar(&f.intel, "intel", "", "`folder` with threat data (default: intel in the settings folder)")
	c.Flags().StringVar(&f.assets, "assets", "", "assets `file` (default: assets.yaml in the settings folder)")
	c.Flags().StringArrayVar(&f.validations, "validations", nil, "`file` that says what was proven exploitable, mitigated or not exploitable (default: validations.yaml in the settings folder)")
	c.Flags().StringArrayVar(&f.runtime, "runtime", nil, "`[ASSET=]FILE`, a CycloneDX document of the components that were seen loaded on an asset (default: runtime of the settings)")
	c.Flags().StringVar(&f.waivers, "waivers", "", "waivers `file` (default: waivers.yaml in the settings folder)")
	c.Flags().StringVar(&f.event, "event", "", "why the gate runs: "+words(engine.Events)+" (default: from CI, else manual)")
	c.Flags().StringVar(&f.base, "base", "", "`commit` that the change under review is to be merged into, from which all that judges it is read (default: of --diff, else from CI)")
	c.Flags().StringVar(&f.head, "head", "", "last `commit` of the change under review (default: of --diff, else from CI, else the one checked out)")
	c.Flags().StringVar(&f.now, "now", "", "decide as at this `time`, 2026-11-21 or 2026-11-21T10:00:00Z (recorded)")
	c.Flags().StringArrayVar(&f.baseline, "baseline", nil, "`file` of the base: reports, folders or patterns of them, or the result of a run on it")
	c.Flags().StringVar(&f.diff, "diff", "", "what changed: `BASE...HEAD`, two commits for git, or a patch file")
	c.Flags().StringVar(&f.failOn, "fail-on", "", "block introduced cases from this `priority` on: track*, attend or act")
	c.Flags().BoolVar(&f.reportOnly, "report-only", false, "never block (recorded)")
	c.Flags().BoolVar(&f.noClasses, "no-classes", false, "decide cases one by one that the policy cannot tell apart (slow; the same decisions)")
	c.Flags().BoolVar(&f.noRange, "no-range", false, "do not work out what facts that nobody knows could change (faster where a policy reads what is of one case only)")
	c.Flags().DurationVar(&f.deadline, "deadline", 30*time.Minute, "give up, with exit status 3, after this `time`")
	c.Flags().Int64Var(&f.maxMemory, "max-memory-bytes", 0, "give up, with exit status 3, when more memory is needed than these `bytes` (default: three quarters of what there is)")
}

// judgedBy are the flags that a command was given of those of deciding: with them another command decides about the same reports in the same
// way. What bounds a run is left out, and so is what makes it fast.
func judgedBy(given *pflag.FlagSet) (args []string) {
	deciding := &cobra.Command{}
	new(runFlags).decideFlags(deciding)
	deciding.Flags().VisitAll(func(one *pflag.Flag) {
		f := given.Lookup(one.Name)
		if f == nil || !f.Changed || slices.Contains([]string{"deadline", "max-memory-bytes", "max-report-bytes", "no-classes", "no-range"}, f.Name) {
			return
		}
		switch values, several := f.Value.(pflag.SliceValue); {
		case several:
			for _, v := range values.GetSlice() {
				args = append(args, "--"+f.Name, v)
			}
		case f.Value.Type() == "bool":
			args = append(args, "--"+f.Name+strings.TrimSuffix("="+f.Value.String(), "=true"))
		default:
			args = append(args, "--"+f.Name, f.Value.String())
		}
	})
	return args
}

// again are the arguments with which another command decides as the run did. None: standard input is read once, and the address of a bundle can
// hold what opens it, which no comment may show.
func (f *runFlags) again(reports, judgedBy []string) []string {
	if slices.Contains(reports, "-") || slices.ContainsFunc(f.policies, func(p string) bool { return scheme(p) == "https" && withoutQuery(p) != p }) {
		return nil
	}
	return slices.Concat(reports, judgedBy)
}

func words[T ~string](list []T) string {
	var all []string
	for _, w := range list {
		all = append(all, string(w))
	}
	return strings.Join(all, ", ")
}

// clock is the time that the run decides at, and whether it is another than the real one.
func (f *runFlags) clock(a *app) (now time.Time, set bool, err error) {
	if f.now == "" {
		return a.now().UTC().Truncate(time.Second), false, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, f.now); err == nil {
			return t.UTC(), true, nil
		}
	}
	return time.Time{}, false, setup(fmt.Errorf("--now %q is no time", f.now), "write 2026-11-21 or 2026-11-21T10:00:00Z")
}

// blockFrom is the priority that --fail-on, fail_on of the settings or the parameter main.fail_on names, the first that does; empty
// if none does.
func (f *runFlags) blockFrom(s *settings) (engine.Priority, error) {
	name := cmp.Or(f.failOn, s.FailOn)
	if main, ok := s.Params["main"].(map[string]any); ok && name == "" {
		name, _ = main["fail_on"].(string) // what is no text is refused with the other parameters
	}
	if p := engine.Priority(name); name == "" || p.Rank() > 0 {
		return p, nil
	}
	return "", setup(fmt.Errorf("fail-on %q is no priority to block from", name), "it can be track*, attend or act")
}
