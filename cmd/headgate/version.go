package main

import (
	"encoding/json"
	"fmt"
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
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}

// A build says what a program is, so that whoever has one can tell what it was made of and how it decides without settings.
type build struct {
	Schema   string    `json:"schema"`
	Version  string    `json:"version"`
	Commit   string    `json:"commit,omitempty"`   // absent: the build does not know it
	Modified bool      `json:"modified,omitempty"` // what was built was not all in the commit
	Date     time.Time `json:"date,omitzero"`      // of the commit
	OPA      string    `json:"opa"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"` // "linux/amd64"
	Policy   string    `json:"policy"`   // digest of the packs that are on by default, as results without settings name it
}

const buildSchema = "headgate.version/1"

// thisBuild is the program that runs.
func thisBuild() (build, error) {
	b := build{Schema: buildSchema, Version: buildVersion(), Commit: commit, OPA: engine.OPAVersion(),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	when := commitDate
	if info, ok := debug.ReadBuildInfo(); ok && commit == "" {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				when = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if at, err := time.Parse(time.RFC3339, when); err == nil { // else it is not known
		b.Date = at.UTC()
	}
	var err error
	b.Policy, err = engine.PolicyDigest(engine.PolicySource{Shipped: policies.Files, Packs: policies.Default})
	return b, err
}

func newVersionCommand(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Show what this program is: its version, commit, policy engine and packs",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
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
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "`format`: text or json")
	return c
}

func (a *app) showBuild(b build) error {
	fmt.Fprintf(a.stdout, "headgate %s\n", b.Version)
	if b.Commit != "" {
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
