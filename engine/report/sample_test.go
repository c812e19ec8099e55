package report_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
)

var now = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func findingID(s string) string { return "hg1-" + digest(s)[7:39] }

func ptr[T any](v T) *T { return &v }

// day is a date of the sample's year.
func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }

// vulnerable is a case of a published weakness in a component.
func vulnerable(cve, pkg, version, fixed string, p engine.Priority, a engine.Action, s engine.Status, reasons ...engine.Reason) engine.Case {
	f := engine.Finding{
		ID: findingID(cve + pkg), Kind: engine.KindVulnerability, Title: "Weakness in " + pkg, Severity: engine.SeverityHigh,
		Vulnerability: engine.NewVulnerability(cve),
		Package:       &engine.Package{PURL: "pkg:maven/org.example/" + pkg, Ecosystem: "maven", Name: pkg, Versions: []string{version}},
		Locations:     []engine.Location{{Path: "pom.xml"}},
		Sources:       []engine.Source{{Tool: "trivy", Version: "0.67.0", Format: "trivy", Report: digest("trivy.json")}},
	}
	if fixed != "" {
		f.Package.Fixed = []string{fixed}
	}
	c := on(checkout(), f, p, a, s, reasons...)
	c.Input.Context.Intel = &engine.Intel{
		KEV:  &engine.KEV{Listed: false},
		EPSS: &engine.EPSS{CVE: cve, Probability: 0.00042, Percentile: 0.12, Model: "v2026.06.15"},
		SSVC: &engine.SSVC{Exploitation: "none", Automatable: "no", TechnicalImpact: "partial", Source: "vulnrichment"},
	}
	return c
}

func checkout() engine.Asset {
	return engine.Asset{
		ID: "checkout", Type: "service", Owner: "team-pay", Criticality: "mission_critical", Data: []string{"pii", "pci"},
		Environment: "production", Exposure: "internet",
	}
}

func on(a engine.Asset, f engine.Finding, p engine.Priority, act engine.Action, s engine.Status, reasons ...engine.Reason) engine.Case {
	f.IDs = []string{f.ID}
	c := engine.Case{
		Input: engine.Input{Finding: f, Asset: a, Context: engine.Context{Change: &engine.Change{Event: engine.EventPullRequest, Status: s}}},
		Provenance: map[string]engine.Provenance{
			"asset.exposure": {Source: ".headgate/assets.yaml:14"},
		},
		Decision: engine.Decision{Priority: p, Action: act, Reasons: reasons},
	}
	if reasons == nil {
		c.Decision.Reasons = []engine.Reason{}
	}
	return c
}

func raise(rule string, to engine.Priority, message string) engine.Reason {
	return engine.Reason{Stated: &engine.Stated{Rule: rule, Kind: "raise", To: to}, Message: message}
}

func firm(r engine.Reason) engine.Reason { r.Firm = true; return r }

func dueIn(c engine.Case, days float64, date time.Time) engine.Case {
	c.Decision.Due, c.Decision.DueFrom = date, "first_seen"
	c.Decision.NextChange = date.AddDate(0, 0, 1)
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "sla.days", Kind: "due", Days: &days}, From: "first_seen", Date: date, Message: fmt.Sprintf("%s is due within %v days", c.Decision.Priority, days)})
	return c
}

// log4shell is the worst case of the sample: known exploited, reachable, on the way to the crown jewels.
func log4shell() engine.Case {
	c := dueIn(vulnerable("CVE-2021-44228", "log4j-core", "2.14.1", "2.17.1", engine.Act, engine.Block, engine.StatusIntroduced,
		firm(engine.Reason{Stated: &engine.Stated{Rule: "exploit.kev_reachable", Kind: "raise", To: engine.Act, Remediation: "Upgrade to a version that is not affected, or remove the JndiLookup class until you can.", Controls: []string{"PCI DSS 6.3.3", "NIST CSF ID.RA-01"}}, Message: "known exploited since 10 Dec 2021 and reachable from OrderController.create"}),
		raise("ssvc.coordinator", engine.Act, "exploitation active, automatable yes, impact total, mission high"),
		raise("exploit.epss", engine.Attend, "EPSS 0.99999 is above 0.1"),
	), 3, day(time.November, 24))
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "bod2604.forensics", Kind: "oblige", Obligation: "forensics"}, Message: "look for traces of exploitation before patching"})
	c.Decision.Obligations = []string{"forensics"}
	c.Decision.Range = []engine.Priority{engine.Act, engine.Act}
	c.Input.Finding.Severity = engine.SeverityCritical
	c.Input.Finding.Vulnerability = engine.NewVulnerability("CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q")
	c.Input.Finding.CWEs = []int{20, 400, 502, 917}
	c.Input.Finding.CVSS = []engine.CVSS{{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10, Source: "nvd"}}
	c.Input.Context.Intel = &engine.Intel{
		KEV:  &engine.KEV{Listed: true, Added: "2021-12-10", Due: "2021-12-24", Ransomware: ptr(true)},
		EPSS: &engine.EPSS{CVE: "CVE-2021-44228", Probability: 0.99999, Percentile: 0.99999, Model: "v2026.06.15"},
		SSVC: &engine.SSVC{Exploitation: "active", Automatable: "yes", TechnicalImpact: "total", Source: "vulnrichment"},
	}
	c.Input.Context.Reachability = &engine.Reachability{Verdict: "reachable", By: "govulncheck", Confidence: "high"}
	c.Provenance["context.reachability"] = engine.Provenance{Source: "govulncheck.json, commit a1b2c3d"}
	c.Provenance["context.intel.epss"] = engine.Provenance{Source: "EPSS v2026.06.15", At: day(time.November, 20)}
	c.Provenance["context.intel.kev"] = engine.Provenance{Source: "KEV 2026.11.20", At: day(time.November, 20)}
	return c
}

// openFile is a weakness of the code itself.
func openFile() engine.Case {
	return dueIn(on(checkout(), engine.Finding{
		ID: findingID("G304"), Kind: engine.KindWeakness, Title: "Potential file inclusion via variable", Severity: engine.SeverityMedium,
		Rule: &engine.Rule{ID: "G304", Tool: "gosec"}, CWEs: []int{22},
		Locations: []engine.Location{{Path: "internal/files/open.go", Line: 41, EndLine: 41}},
		Sources:   []engine.Source{{Tool: "gosec", Version: "2.22.10", Format: "sarif", Report: digest("gosec.sarif")}},
	}, engine.Attend, engine.Block, engine.StatusIntroduced,
		raise("code.injection", engine.Attend, "a path from the request reaches the file system of a service that handles pii"),
	), 14, day(time.December, 5))
}

// blocked is a pull request with three cases that block, a dozen that do not, and a long tail that it did not cause.
func blocked() *engine.Result {
	spring := dueIn(vulnerable("CVE-2022-22965", "spring-beans", "5.3.17", "5.3.18", engine.Attend, engine.Block, engine.StatusIntroduced,
		raise("exploit.public", engine.Attend, "public exploit on an internet-facing service"),
	), 14, day(time.December, 5))
	spring.Input.Finding.Package.Fixed = []string{"5.2.20", "5.3.18"}
	spring.Decision.Range = []engine.Priority{engine.Track, engine.Attend}
	spring.Decision.Assumed = []string{"context.reachability=potential"}
	spring.Input.Context.Reachability = &engine.Reachability{Verdict: "potential"}
	spring.Decision.Pivots = []engine.Pivot{{Fact: "context.reachability.verdict", Outcomes: map[string]engine.Priority{
		"unreachable": engine.Track, "potential": engine.Attend, "reachable": engine.Attend,
	}}}
	cases := []engine.Case{log4shell(), spring, openFile()}
	cases = append(cases, vulnerable("CVE-2024-38816", "spring-webmvc", "5.3.17", "5.3.40", engine.TrackStar, engine.Warn, engine.StatusIntroduced,
		raise("ssvc.coordinator", engine.TrackStar, "a proof of concept is public")))
	for i := range 11 {
		cases = append(cases, vulnerable(fmt.Sprintf("CVE-2023-%d", 20860+i), []string{"jackson-databind", "netty-codec", "snakeyaml"}[i%3],
			"2.13.1", "", engine.Track, engine.Pass, engine.StatusIntroduced))
	}
	for i := range 41 {
		p, a := engine.Track, engine.Pass
		if i < 2 {
			p, a = engine.Attend, engine.Warn
		}
		cases = append(cases, vulnerable(fmt.Sprintf("CVE-2020-%d", 10000+i), "tomcat-embed-core", "9.0.30", "9.0.99", p, a, engine.StatusExisting))
	}
	for i := range 2 {
		cases = append(cases, vulnerable(fmt.Sprintf("CVE-2026-%d", 4000+i), "hibernate-core", "5.6.0", "", engine.Attend, engine.Warn, engine.StatusDisclosed))
	}
	for i := range 3 {
		c := vulnerable(fmt.Sprintf("CVE-2021-%d", 22000+i), "commons-text", "1.9", "1.10.0", engine.Attend, engine.Pass, engine.StatusExisting,
			raise("exploit.public", engine.Attend, "public exploit"),
			engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted until 26 Nov 2026: not used with untrusted input"})
		c.Decision.WouldHave = ptr(engine.Warn)
		c.Input.Context.Waivers = []engine.Waiver{{ID: "w-commons-text", Reason: "not used with untrusted input", Approver: "ana", Verified: true, Expires: "2026-11-26"}}
		cases = append(cases, c)
	}
	return result(engine.Block, cases)
}

// result sums cases up as a run does.
func result(outcome engine.Action, cases []engine.Case) *engine.Result {
	r := &engine.Result{
		Schema: engine.ResultSchema, Outcome: outcome, Now: now,
		Change: engine.RunChange{Event: engine.EventPullRequest, Repository: "acme/checkout", Base: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c", Head: "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"},
		Engine: engine.Versions{Headgate: "0.1.0", OPA: "1.22.2"},
		Policy: engine.PolicyInfo{Digest: "sha256:9f3c2e" + digest("policy")[13:], Source: "base", Packs: []string{"change", "code", "exploit", "impact", "reachability", "secrets", "sla", "ssvc"}},
		Intel: engine.IntelInfo{
			KEV:  &engine.FeedInfo{Catalog: "2026.11.20", Date: day(time.November, 20), Entries: 1702, Digest: digest("kev")},
			EPSS: &engine.FeedInfo{Model: "v2026.06.15", Date: day(time.November, 20), Entries: 341022, Digest: digest("epss")},
			SSVC: &engine.FeedInfo{Date: day(time.November, 20), Entries: 39951, Digest: digest("ssvc")},
		},
		Reports: []engine.Report{
			{Name: "trivy.json", Format: "trivy", Tool: "trivy", Version: "0.67.0", Digest: digest("trivy.json"), Complete: true, Results: 60, Findings: 59},
			{Name: "reports/gosec.sarif", Format: "sarif", Tool: "gosec", Version: "2.22.10", Digest: digest("gosec.sarif"), Complete: true, Results: 1, Findings: 1},
		},
		Weakened: []string{}, Gate: engine.GateResult{Reasons: []engine.Reason{}}, Cases: cases,
	}
	seen := map[string]bool{}
	n := &r.Counts
	for _, c := range cases {
		seen[c.Input.Finding.ID] = true
		n.Cases++
		*map[engine.Priority]*int{engine.Act: &n.Act, engine.Attend: &n.Attend, engine.TrackStar: &n.TrackStar, engine.Track: &n.Track}[c.Decision.Priority]++
		*map[engine.Action]*int{engine.Block: &n.Block, engine.Warn: &n.Warn, engine.Pass: &n.Pass}[c.Decision.Action]++
		if c.Decision.Exemption() != nil {
			n.Waived++
		}
		if c.Decision.Overdue {
			n.Overdue++
		}
		status := engine.Status("")
		if c.Input.Context.Change != nil {
			status = c.Input.Context.Change.Status
		}
		switch status {
		case engine.StatusExisting:
			n.Existing++
		case engine.StatusDisclosed:
			n.Disclosed++
		default:
			n.Introduced++
		}
	}
	n.Findings = len(seen)
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: r.Change.Repository})
	return r
}

// doubtful is blocked with everything that weakens it: a report that did not finish, one that did not come, no threat data.
func doubtful() *engine.Result {
	r := blocked()
	r.Reports[0].Complete, r.Reports[0].Incomplete, r.Reports[0].Allowed = false, "the scan of pom.xml ended with a timeout", true
	r.Expected = []engine.Expected{
		{Tool: "gosec", Status: "met", Report: "reports/gosec.sarif"},
		{Tool: "semgrep", Asset: "checkout", MaxAge: "24h", Status: "missing"},
		{Tool: "gitleaks", MaxAge: "24h", Status: "stale", Report: "reports/gitleaks.json"},
	}
	r.Weakened = []string{"report-only", "pack reachability is off"}
	r.Outcome = engine.Warn
	reportOnly(r)
	r.Intel = engine.IntelInfo{}
	for i := range r.Cases {
		r.Cases[i].Input.Context.Intel = nil
	}
	r.Waivers = &engine.WaiverReport{
		Expired:  []engine.WaiverNote{{ID: "w-netty", Why: "on 1 Nov 2026; 2 cases are in its scope and count again", At: ".headgate/waivers.yaml:2"}},
		Expiring: []engine.WaiverNote{{ID: "w-commons-text", Why: "on 26 Nov 2026", At: ".headgate/waivers.yaml:9"}},
		Lapsed:   []engine.WaiverNote{}, Unused: []engine.WaiverNote{}, Unverified: []engine.WaiverNote{},
	}
	return r
}

// reportOnly makes of a result that of the same run with --report-only.
func reportOnly(r *engine.Result) {
	for i := range r.Cases {
		if d := &r.Cases[i].Decision; d.Action == engine.Block {
			d.Action, d.WouldHave = engine.Warn, ptr(engine.Block)
			r.Counts.Block--
			r.Counts.Warn++
		}
	}
	r.Outcome = engine.Warn
	if !slices.Contains(r.Weakened, "report-only") {
		r.Weakened = append(r.Weakened, "report-only")
	}
}

// reported is a change that would be blocked, but the run is report-only: by an ordinary case, and by one that is denied so firmly that
// its waiver does not help. What is exempted is exempted all the same.
func reported() *engine.Result {
	denied := log4shell()
	denied.Decision.Reasons = append(denied.Decision.Reasons,
		engine.Reason{Stated: &engine.Stated{Rule: "impact.never", Kind: "deny", Firm: true}, Message: "never with a known exploit"},
		engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted until 26 Nov 2026"})
	waived := blocked().Cases[len(blocked().Cases)-1]
	r := result(engine.Block, []engine.Case{denied, openFile(), waived})
	reportOnly(r)
	return r
}

// excused is a change whose findings are all lowered: by itself, outside of it, by a VEX statement and by a waiver.
func excused() *engine.Result {
	lower := func(c engine.Case, rule string, to engine.Action, message string) engine.Case {
		c.Decision.WouldHave, c.Decision.Action = ptr(c.Decision.Action), to
		c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: rule, Kind: "exempt", AtMost: to}, Message: message})
		return c
	}
	itself := lower(openFile(), "change.suppressed_by_itself", engine.Warn, "new and suppressed in the source, so somebody has to look: the name is checked above")
	itself.Input.Finding.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted", Justification: "the name is checked above"}
	outside := openFile()
	outside.Input.Finding.ID, outside.Input.Finding.Locations = findingID("outside"), []engine.Location{{Path: "internal/files/list.go", Line: 7}}
	outside.Input.Finding.IDs = []string{outside.Input.Finding.ID}
	outside.Input.Finding.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: "behind the login"}
	outside = lower(outside, "change.suppressed_external", engine.Pass, "accepted in the scanner: behind the login")
	harmless := lower(vulnerable("CVE-2022-22965", "spring-beans", "5.3.17", "5.3.18", engine.Attend, engine.Block, engine.StatusIntroduced),
		"change.vex", engine.Pass, "VEX of acme.vex.json says not affected; justification: vulnerable_code_not_present")
	waived := blocked().Cases[len(blocked().Cases)-1]
	return result(engine.Warn, []engine.Case{itself, outside, harmless, waived})
}

// passing has nothing that the change brought, and a tail that was there.
func passing() *engine.Result {
	var cases []engine.Case
	for i := range 41 {
		cases = append(cases, vulnerable(fmt.Sprintf("CVE-2020-%d", 10000+i), "tomcat-embed-core", "9.0.30", "9.0.99", engine.Track, engine.Pass, engine.StatusExisting))
	}
	return result(engine.Pass, cases)
}

// nothing is a run that found nothing.
func nothing() *engine.Result { return result(engine.Pass, []engine.Case{}) }

// release is a run with no change under review, over several assets, with overdue cases, a plan and a budget.
func release() *engine.Result {
	payments := engine.Asset{ID: "payments-db", Name: "Payments database", Type: "datastore", Owner: "team-pay", Exposure: "internal"}
	secret := on(payments, engine.Finding{
		ID: findingID("secret"), Kind: engine.KindSecret, Title: "AWS access key in a file", Severity: engine.SeverityCritical,
		Rule: &engine.Rule{ID: "aws-access-token", Tool: "gitleaks"}, Secret: &engine.Secret{Type: "aws-access-key", Active: ptr(true)},
		Locations: []engine.Location{{Path: "deploy/terraform/environments/production/payments/variables.auto.tfvars", Line: 7}, {Path: "README.md", Line: 3}},
		Sources:   []engine.Source{{Tool: "gitleaks", Version: "8.30.1", Format: "sarif", Report: digest("gitleaks.sarif")}},
	}, engine.Act, engine.Block, "", firm(raise("secrets.active", engine.Act, "the credential still opens something")))
	secret.Decision.Due, secret.Decision.DueFrom, secret.Decision.Overdue = day(time.November, 5), "first_seen", true
	bucket := on(payments, engine.Finding{
		ID: findingID("bucket"), Kind: engine.KindMisconfiguration, Title: "Bucket is readable by everyone", Severity: engine.SeverityHigh,
		Rule: &engine.Rule{ID: "AVD-AWS-0086", Tool: "trivy"}, Resource: &engine.Resource{Type: "aws_s3_bucket", Name: "exports"},
		Locations: []engine.Location{{Path: "deploy/main.tf", Line: 12, EndLine: 30}},
		Sources:   []engine.Source{{Tool: "trivy", Version: "0.67.0", Format: "trivy", Report: digest("trivy.json")}},
	}, engine.Attend, engine.Warn, "", raise("iac.public", engine.Attend, "everyone on the internet can read it"))
	licence := on(checkout(), engine.Finding{
		ID: findingID("licence"), Kind: engine.KindLicense, Title: "Copyleft licence", Package: &engine.Package{Name: "ghostscript", Versions: []string{"10.0.0"}},
		License: &engine.License{SPDX: "AGPL-3.0-only"},
		Sources: []engine.Source{{Tool: "trivy", Version: "0.67.0", Format: "trivy", Report: digest("trivy.json")}},
	}, engine.TrackStar, engine.Warn, "", raise("license.copyleft", engine.TrackStar, "its licence asks for the source of what it is part of"))
	l := log4shell()
	l.Input.Context.Change.Status = ""
	r := result(engine.Block, []engine.Case{l, secret, bucket, licence})
	r.Change = engine.RunChange{Event: engine.EventRelease, Head: r.Change.Head}
	r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: "change.budget", Kind: "deny"}, Message: "2 act are open, the budget of a release is 0"}}
	r.Graph = &engine.Graph{Digest: digest("graph"), Assets: 4, Edges: 3, Entries: 1, Jewels: []string{"payments-db"}, Paths: 1}
	for i := range r.Plan {
		if f := &r.Plan[i]; f.Fix == engine.FixUpgrade {
			f.PathsCut, f.CutsOff = 1, []string{"payments-db"}
		}
	}
	r.Fixed = []engine.Finding{{ID: findingID("fixed"), IDs: []string{findingID("fixed")}, Kind: engine.KindSecret}}
	r.Counts.Fixed = 1
	return r
}

// warned is a change that brought nothing that blocks.
func warned() *engine.Result {
	r := blocked()
	return result(engine.Warn, r.Cases[3:])
}

// samples are the results that goldens are made of.
func samples() map[string]*engine.Result {
	return map[string]*engine.Result{
		"blocked": blocked(), "doubtful": doubtful(), "passing": passing(), "nothing": nothing(), "release": release(), "warned": warned(), "strange": strange(),
		"reported": reported(), "excused": excused(),
		"exposed": exposed(), "winding": winding(),
	}
}
