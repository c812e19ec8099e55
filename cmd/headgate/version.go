package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/policies"
)

// Set by the release build; a build from source knows what Go has put into it.
var (
	version    = "" // "v1.2.3"
	commit     = "" // that it was built from: the one of the tag, or the one before it, which differs in the digests of the release alone
	commitDate = "" // of that commit, in RFC 3339
)

// buildVersion is the release, else the module version or commit that the program was built from, else "dev".
func buildVersion() string {
	info, _ := debug.ReadBuildInfo()
	return madeFrom(info).Version
}

// pseudoVersion is the version of a commit without a tag, as Go makes it: with the commit's time and the first digits of its name.
var pseudoVersion = regexp.MustCompile(`[.-](\d{14})-([0-9a-f]{12})(\+.*)?$`)

// madeFrom says what a program was built from, by what the release build set, or else by what Go knew: of a checkout its commit, of a module
// that was fetched its version (go install …@v1.2.3), which of a commit without a tag has the beginning of its name. No info: nothing is known.
func madeFrom(info *debug.BuildInfo) (b build) {
	if version != "" {
		b.Version, b.Commit = version, commit
		b.Date, _ = time.Parse(time.RFC3339, commitDate) // one that cannot be read is not known
		b.Date = b.Date.UTC()
		return b
	}
	b.Version = "dev"
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				b.Date = at.UTC()
			}
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	v := info.Main.Version
	if m := pseudoVersion.FindStringSubmatch(v); m != nil && b.Commit == "" {
		b.Commit = m[2]
		if at, err := time.Parse("20060102150405", m[1]); err == nil {
			b.Date = at.UTC()
		}
	}
	switch {
	case v != "" && v != "(devel)":
		b.Version = v
	case len(b.Commit) >= 12:
		b.Version = "dev-" + b.Commit[:12]
	}
	return b
}

// A build says what a program is, so that whoever has one can tell what it was made of and how it decides without settings.
type build struct {
	Schema   string    `json:"schema"`
	Version  string    `json:"version"`
	Commit   string    `json:"commit,omitempty"`   // its beginning, if a module version is all that is known; absent: the build does not know it
	Modified bool      `json:"modified,omitempty"` // what was built was not all in the commit
	Date     time.Time `json:"date,omitzero"`      // of the commit
	OPA      string    `json:"opa"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"` // "linux/amd64"
	Policy   string    `json:"policy"`   // digest of the packs that are on by default, as results without settings name it
}

// versionFlag asks the program itself for what the command version tells.
const versionFlag = "version"

const buildSchema = "headgate.version/1"

// thisBuild is the program that runs.
func thisBuild() (b build, err error) {
	info, _ := debug.ReadBuildInfo()
	b = madeFrom(info)
	b.Schema, b.OPA, b.Go, b.Platform = buildSchema, engine.OPAVersion(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	b.Policy, err = engine.PolicyDigest(engine.PolicySource{Shipped: policies.Files, Packs: policies.Default})
	return b, err
}

func newVersionCommand(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Show what this program is: its version, commit, policy engine and packs",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.version(output) },
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "`format`: text or json")
	return c
}

func (a *app) version(output string) error {
	if err := checkOutput(output, "text", "json"); err != nil {
		return err
	}
	b, err := thisBuild()
	if err != nil {
		return setup(err, "")
	}
	if output == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(b)
	}
	return a.showBuild(b)
}

func (a *app) showBuild(b build) error {
	fmt.Fprintf(a.stdout, "headgate %s\n", b.Version)
	if b.Commit == "" {
		fmt.Fprintln(a.stdout, "commit   not known: built with -buildvcs=false, or not in a checkout")
	} else {
		changed := ""
		if b.Modified {
			changed = ", and changes to it"
		}
		fmt.Fprintf(a.stdout, "commit   %s%s\n", b.Commit, changed)
	}
	if !b.Date.IsZero() {
		fmt.Fprintf(a.stdout, "date     %s\n", b.Date.Format(time.RFC3339))
	}
	_, err := fmt.Fprintf(a.stdout, "opa      %s\ngo       %s %s\npacks    %s\n", b.OPA, b.Go, b.Platform, b.Policy)
	return err
}
