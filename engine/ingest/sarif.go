package ingest

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// detectSARIF wants the schema's name, or runs and one more mark, as other documents have "runs" too. Any of the marks will do, because
// writers that sort their keys put long lists before what names the format.
func detectSARIF(s shape) bool {
	return strings.Contains(strings.ToLower(s["$schema"]), "sarif") || s.has("runs") && strings.HasPrefix(s["version"], "2.") ||
		s.hasAny("runs[].tool.driver", "runs[].tool.name", "runs[].results[].ruleId", "runs[].results[].message",
			"runs[].results[].locations", "runs[].artifacts[].location", "runs[].invocations[].executionSuccessful", "runs[].columnKind",
			"runs[].automationDetails")
}

// readSARIF reads a SARIF log: a list of runs, each of one tool. What a result refers to (rules, artifacts, base URIs) may stand
// before or after the results, so the results of a run are kept in short form until the run ends.
func readSARIF(s *stream, b *batch) error {
	if s.peek() != '{' {
		tok, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		return s.misplaced(tok.Kind(), '{')
	}
	var version string
	var runs int
	var tools sarifTools
	var listed bool
	err := s.object(func(key string) error {
		switch key {
		case "version":
			v, err := s.scalar()
			if err != nil {
				return err
			}
			version = v
			return s.sarifVersion(v)
		case "runs":
			listed = true
			return s.array(func() error {
				if s.peek() != '{' {
					return s.notAn('{')
				}
				s.kept = 0
				run := sarifRun{number: runs + 1, taken: &b.report.Results}
				if err := run.read(s); err != nil {
					return err
				}
				runs++
				run.finish(b)
				tools.add(run.driver.name, run.driver.version)
				return nil
			})
		}
		return s.skip()
	})
	switch {
	case err != nil:
		return err
	case version == "":
		return s.wrong(`no "version"`)
	case !listed:
		return s.wrong(`no "runs"`)
	}
	if runs == 0 {
		b.incomplete("it has no run: no tool says that it scanned")
	}
	b.report.Tool, b.report.Version = tools.names()
	return nil
}

// sarifVersion refuses what only looks like SARIF 2.1.0: in earlier versions the same words mean other things.
func (s *stream) sarifVersion(v string) error {
	if v == "2.1" || strings.HasPrefix(v, "2.1.") {
		return nil
	}
	return s.wrong(fmt.Sprintf("SARIF %q is not read: write 2.1.0", clip(v)))
}

// notAn is the error for the next value, which should be of another kind.
func (s *stream) notAn(should jsontext.Kind) error {
	is := s.peek()
	if err := s.skip(); err != nil {
		return err
	}
	return s.misplaced(is, should)
}

// sarifTools are the tools of a log, each once.
type sarifTools struct {
	all      []string
	versions []string
}

func (t *sarifTools) add(name, version string) {
	for i, n := range t.all {
		if n == name {
			if t.versions[i] == "" {
				t.versions[i] = version
			}
			return
		}
	}
	const most = 20 // a merged log has a handful of tools
	if name != "" && len(t.all) < most {
		t.all, t.versions = append(t.all, name), append(t.versions, version)
	}
}

// names joins the names. The version is that of the only tool: those of several have no one version.
func (t *sarifTools) names() (name, version string) {
	if len(t.all) == 1 {
		return t.all[0], t.versions[0]
	}
	return strings.Join(t.all, ", "), ""
}
