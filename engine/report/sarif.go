package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// The parts of SARIF 2.1.0 that are written. Only these leave the program, so that no value is null or empty where the standard
// does not allow it.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  *sarifAutomation  `json:"automationDetails,omitempty"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string              `json:"id"`
		Name             string              `json:"name,omitempty"`
		ShortDescription sarifText           `json:"shortDescription"`
		Properties       sarifRuleProperties `json:"properties"`
	}
	sarifRuleProperties struct {
		SecuritySeverity string   `json:"security-severity,omitempty"`
		Tags             []string `json:"tags"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		EndTime             time.Time           `json:"endTimeUtc,omitzero"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifText          `json:"message"`
		Locations           []sarifLocation    `json:"locations"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		BaselineState       string             `json:"baselineState,omitempty"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
		Properties          map[string]any     `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
		EndLine   int `json:"endLine,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status,omitempty"`
		Justification string `json:"justification,omitempty"`
	}
)

// A sarifWriter gathers results and the rules that they refer to.
type sarifWriter struct {
	rules   []sarifRule
	index   map[string]int // of a rule, by id
	scores  []float64      // of a rule: the worst of its results
	results []sarifResult
	reports map[string]string // name by digest
	facts   map[string]any    // properties of the run

	category string // of the run; empty: none
}

func newSARIFWriter(reports []engine.Report) *sarifWriter {
	s := &sarifWriter{index: map[string]int{}, rules: []sarifRule{}, results: []sarifResult{}, reports: map[string]string{}}
	for _, r := range reports {
		if _, ok := s.reports[r.Digest]; !ok {
			s.reports[r.Digest] = r.Name
		}
	}
	return s
}

// securitySeverity is what code scanning sorts and gates by: it calls 9 and more critical, 7 and more high, 4 and more medium,
// less low. Each priority gets the middle of one band, so that its words follow the decision and not the scanner's severity.
var securitySeverity = map[engine.Priority]float64{engine.Act: 9.5, engine.Attend: 8.0, engine.TrackStar: 5.0, engine.Track: 2.0}

// sarifLevel is what an action is called.
var sarifLevel = map[engine.Action]string{engine.Block: "error", engine.Warn: "warning", engine.Pass: "note"}

// writeSARIF writes every case as a result of Headgate: decided, explained, and with exemptions as suppressions.
func writeSARIF(w io.Writer, r *engine.Result, o Options) error {
	s := newSARIFWriter(r.Reports)
	s.category = o.Category
	for i := range r.Cases {
		c := &r.Cases[i]
		f, d := &c.Input.Finding, &c.Decision
		res := s.result(f, cmp.Or(sarifLevel[d.Action], "warning"), securitySeverity[d.Priority], c.Input.Asset.ID)
		res.Message.Text = sarifMessage(strings.Join(append([]string{cmp.Or(sentence(f.Title), weakness(f))}, why(d)...), ". ") + ".")
		res.PartialFingerprints["headgate/v1"] = f.ID + "/" + clean(c.Input.Asset.ID)
		switch status(c) {
		case engine.StatusIntroduced:
			res.BaselineState = "new"
		case engine.StatusExisting:
			res.BaselineState = "unchanged"
		}
		res.Suppressions = decidedSuppressions(c)
		res.Properties = map[string]any{"headgate.priority": d.Priority, "headgate.action": d.Action, "headgate.asset": clean(c.Input.Asset.ID)}
		if d.WouldHave != nil {
			res.Properties["headgate.would_have"] = *d.WouldHave
		}
		if !d.Due.IsZero() {
			res.Properties["headgate.due"] = d.Due.UTC().Format(time.RFC3339)
		}
		s.results = append(s.results, res)
	}
	if len(r.Fixed) > 0 { // as results with the state "absent" code scanning would open what is gone
		var ids []string
		for i := range r.Fixed {
			ids = append(ids, r.Fixed[i].ID)
		}
		s.facts = map[string]any{"headgate.fixed": ids}
	}
	inv := sarifInvocation{ExecutionSuccessful: true, EndTime: r.Now}
	for _, n := range newView(r).notes {
		switch n.label {
		case "incomplete", "missing", "stale":
			inv.ExecutionSuccessful = false
			inv.Notifications = append(inv.Notifications, sarifNotification{"error", sarifText{sarifMessage(n.label + ": " + n.text)}})
		case "weakened":
			inv.Notifications = append(inv.Notifications, sarifNotification{"warning", sarifText{sarifMessage(n.label + ": " + n.text)}})
		}
	}
	return s.write(w, r.Engine.Headgate, inv)
}

// suppressionStatus is what SARIF calls the status of a suppression. One that is not known has no word there: without a status, readers
// take a suppression for accepted.
var suppressionStatus = map[string]string{"accepted": "accepted", "under_review": "underReview", "rejected": "rejected"}

// suppressions are the scanner's own word on a finding, if it says what has become of it.
func suppressions(s *engine.Suppression) []sarifSuppression {
	if s == nil || suppressionStatus[s.Status] == "" {
		return nil
	}
	return []sarifSuppression{{
		Kind:          cmp.Or(map[string]string{"in_source": "inSource"}[s.Kind], "external"),
		Status:        suppressionStatus[s.Status],
		Justification: clean(s.Justification),
	}}
}

// decidedSuppressions are accepted only where the decision leaves nothing to do: a suppressed result is closed, and nobody would look at
// what still warns. What a scanner accepted does not count beside the decision; what it has not accepted is told as it says.
func decidedSuppressions(c *engine.Case) []sarifSuppression {
	if let(&c.Decision) {
		return []sarifSuppression{{Kind: "external", Status: "accepted", Justification: clean(c.Decision.Exemption().Message)}}
	}
	if s := c.Input.Finding.Suppression; s != nil && s.Status != "accepted" {
		return suppressions(s)
	}
	return nil
}

// writeFindingsSARIF writes findings as scanners rate them, whatever format they came in.
func writeFindingsSARIF(w io.Writer, u Understood, _ Options) error {
	s := newSARIFWriter(u.Reports)
	for i := range u.Findings {
		f := &u.Findings[i]
		score := 0.0
		for _, c := range f.CVSS {
			score = max(score, c.Score)
		}
		res := s.result(f, findingLevel(f.Severity), score, "")
		res.Message.Text = sarifMessage(cmp.Or(sentence(f.Title), weakness(f)) + ".")
		res.PartialFingerprints["headgate/v1"] = f.ID
		res.Suppressions = suppressions(f.Suppression)
		s.results = append(s.results, res)
	}
	inv := sarifInvocation{ExecutionSuccessful: true}
	for _, r := range u.Reports {
		if !r.Complete {
			inv.ExecutionSuccessful = false
			inv.Notifications = append(inv.Notifications, sarifNotification{"error", sarifText{sarifMessage("incomplete: " + r.Name + ": " + r.Incomplete)}})
		}
	}
	for _, r := range u.Refused {
		inv.ExecutionSuccessful = false
		inv.Notifications = append(inv.Notifications, sarifNotification{"error", sarifText{sarifMessage("refused: " + r.Error)}})
	}
	return s.write(w, "", inv)
}

func findingLevel(s engine.Severity) string {
	switch s {
	case engine.SeverityCritical, engine.SeverityHigh:
		return "error"
	case engine.SeverityLow, engine.SeverityInfo:
		return "note"
	}
	return "warning"
}

// result is a finding as a result, and its rule.
func (s *sarifWriter) result(f *engine.Finding, level string, score float64, asset string) sarifResult {
	id := clean(weakness(f))
	at, ok := s.index[id]
	if !ok {
		at = len(s.rules)
		s.index[id] = at
		s.rules = append(s.rules, sarifRule{
			ID: id, ShortDescription: sarifText{cmp.Or(clean(f.Title), id)},
			Properties: sarifRuleProperties{Tags: ruleTags(f)},
		})
		s.scores = append(s.scores, 0)
	}
	s.scores[at] = max(s.scores[at], score)
	return sarifResult{
		RuleID: id, RuleIndex: at, Level: level, Locations: s.locations(f, asset), PartialFingerprints: map[string]string{},
	}
}

// mostTags is what code scanning keeps of a rule.
const mostTags = 10

// ruleTags are "security", the kind, and CWEs in the words of code scanning.
func ruleTags(f *engine.Finding) []string {
	tags := []string{"security", string(f.Kind)}
	for _, n := range f.CWEs {
		if len(tags) < mostTags {
			tags = append(tags, "external/cwe/cwe-"+strconv.Itoa(n))
		}
	}
	return slices.Compact(tags)
}

// mostLocations is what code scanning keeps of a result.
const mostLocations = 100

// locations are the places of a finding. Code scanning refuses a result without one, so a finding without a path stands at the
// report that tells of it: a place that can be looked at, where a line would be invented.
func (s *sarifWriter) locations(f *engine.Finding, asset string) []sarifLocation {
	var out []sarifLocation
	for _, l := range f.Locations {
		if l.Path == "" || len(out) == mostLocations {
			continue
		}
		loc := sarifLocation{Physical: sarifPhysical{Artifact: artifact(l.Path)}}
		if l.Line > 0 {
			loc.Physical.Region = &sarifRegion{StartLine: l.Line}
			if l.EndLine >= l.Line {
				loc.Physical.Region.EndLine = l.EndLine
			}
		}
		out = append(out, loc)
	}
	if len(out) == 0 {
		at := ""
		for _, src := range f.Sources {
			at = cmp.Or(at, s.reports[src.Report])
		}
		out = []sarifLocation{{Physical: sarifPhysical{Artifact: artifact(cmp.Or(at, asset, weakness(f)))}}}
	}
	if f.Package != nil && f.Package.PURL != "" {
		out[0].Logical = []sarifLogical{{FullyQualifiedName: clean(f.Package.PURL), Kind: "package"}}
	}
	return out
}

// artifact is a path as a relative reference from the root of the source. What would lead out of it, or is absolute, is made
// relative; nothing in it can be read as a scheme or a host.
func artifact(p string) sarifArtifact {
	p = path.Clean("/" + strings.ReplaceAll(clean(p), `\`, "/"))[1:]
	if p == "" {
		p = "unnamed"
	}
	parts := strings.Split(p, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(parts[i]), ":", "%3A")
	}
	return sarifArtifact{URI: strings.Join(parts, "/"), BaseID: "%SRCROOT%"}
}

var placeholders = regexp.MustCompile(`\{(\d+)\}`)

// sarifMessage makes plain message text of any text: brackets would be links, and numbers in braces would be arguments.
func sarifMessage(s string) string {
	s = clean(s)
	if strings.ContainsAny(s, "[]") {
		s = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(s)
	}
	return placeholders.ReplaceAllString(s, "{{$1}}")
}

func (s *sarifWriter) write(w io.Writer, version string, inv sarifInvocation) error {
	for i, score := range s.scores {
		if score > 0 {
			s.rules[i].Properties.SecuritySeverity = strconv.FormatFloat(score, 'f', 1, 64)
		}
	}
	var automation *sarifAutomation
	if s.category != "" {
		automation = &sarifAutomation{s.category}
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{Driver: sarifDriver{
				Name: "Headgate", Version: clean(version), InformationURI: "https://github.com/headgate/headgate", Rules: s.rules,
			}},
			Automation:  automation,
			Invocations: []sarifInvocation{inv},
			ColumnKind:  "unicodeCodePoints",
			Results:     s.results,
			Properties:  s.facts,
		}},
	})
}

// SARIFDigest is over what SARIF says of a result, without what differs from run to run though nothing else does.
func SARIFDigest(r *engine.Result, o Options) (string, error) {
	same := *timeless(r)
	same.Now = time.Time{}
	sum := sha256.New()
	if err := writeSARIF(sum, &same, o); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
