package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
)

func TestAReportWithoutFindingsSaysWhatItLookedAt(t *testing.T) {
	shop := engine.Target{Type: engine.TargetRepository, Name: "acme/shop"}
	image := engine.Target{Type: engine.TargetImage, Name: "ghcr.io/acme/checkout"}
	for _, c := range []struct {
		name, text string
		want       []engine.Target
	}{
		{"gosec", `{"Golang errors": {}, "Issues": [], "Stats": {"files": 3, "lines": 9, "nosec": 0, "found": 0}, "GosecVersion": "2.22"}`,
			[]engine.Target{shop}},
		{"trivy of an image", `{"SchemaVersion": 2, "ArtifactName": "ghcr.io/acme/checkout:1.4", "ArtifactType": "container_image", "Results": []}`,
			[]engine.Target{image}},
		{"trivy of a folder", `{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": []}`, []engine.Target{shop}},
		{"SARIF of a code scanner", `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "CodeQL"}}, "results": []}]}`,
			[]engine.Target{shop}},
		{"SARIF of an image scanner", `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy"}}, "results": []}]}`, nil},
		{"a list of components", `{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [{"type": "library", "name": "x"}]}`, nil},
	} {
		r, err := ingest.Read(c.name, strings.NewReader(c.text), ingest.Options{Repository: "acme/shop"})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(r.Targets, c.want) {
			t.Errorf("%s looked at %v, want %v", c.name, r.Targets, c.want)
		}
	}
}

func TestToolsThatLookForSecretsOnlyAreKnown(t *testing.T) {
	for tool, want := range map[string]bool{
		"gitleaks": true, "Gitleaks": true, "TruffleHog": true, "github-secret-scanning": true, "trivy": false, "CodeQL": false, "gosec": false, "": false,
	} {
		if have := ingest.OnlySecrets(tool); have != want {
			t.Errorf("%q: %v, want %v", tool, have, want)
		}
	}
}
