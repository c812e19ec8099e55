package report

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A qualityIssue is one entry of GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/): the part of Code
// Climate's format that merge requests show.
type qualityIssue struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

// qualitySeverity is what GitLab calls a priority; it has one more below these.
var qualitySeverity = map[engine.Priority]string{engine.Act: "blocker", engine.Attend: "critical", engine.TrackStar: "major", engine.Track: "minor"}

// writeCodeQuality writes the cases that are in files of the repository and that nothing exempts. GitLab compares the reports of two
// branches by the fingerprints, which are therefore over finding and asset, not over lines.
func writeCodeQuality(w io.Writer, r *engine.Result, _ Options) error {
	issues := []qualityIssue{}
	for i := range r.Cases {
		k := &r.Cases[i]
		f := &k.Input.Finding
		at, ok := qualityPlace(f)
		if !ok || let(&k.Decision) {
			continue
		}
		about := weakness(f) + " in " + subject(f)
		if parts := why(&k.Decision); len(parts) > 0 {
			about += ": " + strings.Join(parts, "; ")
		}
		sum := sha256.Sum256([]byte(f.ID + "\x00" + k.Input.Asset.ID))
		issues = append(issues, qualityIssue{
			Description: cutEnd(clean(about), longest), CheckName: clean(weakness(f)), Fingerprint: hex.EncodeToString(sum[:16]),
			Severity: qualitySeverity[k.Decision.Priority], Location: at,
		})
	}
	return encode(w, issues)
}

// qualityPlace is the first file of the repository that a finding is in. A finding that is in the whole of a file, as a component is in
// its manifest, is at the first line.
func qualityPlace(f *engine.Finding) (qualityLocation, bool) {
	for _, l := range f.Locations {
		name := path.Clean(l.Path)
		if l.Path == "" || l.Image != "" || path.IsAbs(name) || name == "." || name == ".." || strings.HasPrefix(name, "../") {
			continue
		}
		return qualityLocation{clean(name), qualityLines{max(l.Line, 1)}}, true
	}
	return qualityLocation{}, false
}
