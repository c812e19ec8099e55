package policies_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/headgate/headgate/policies"
)

func TestPoliciesAreFormatted(t *testing.T) {
	for name := range load(t).modules {
		text, err := fs.ReadFile(policies.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, formatted) {
			t.Errorf("%s is not as opa fmt writes it", name)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if n := len([]rune(line)); n > 120 {
				t.Errorf("%s:%d is %d letters wide", name, i+1, n)
			}
		}
	}
}

func TestPoliciesCompileStrictlyAgainstTheSchemas(t *testing.T) {
	s := load(t)
	strictly(t, s.withoutTests())
	strictly(t, s.modules)
}

// Every Rego test is a subtest. A rule or expression that no test reaches fails the test of its folder.
func TestRego(t *testing.T) {
	s := load(t)
	coverage := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(strictly(t, s.modules)).
		SetModules(s.modules).
		SetStore(s.store()).
		CapturePrintOutput(true).
		RaiseBuiltinErrors(true).
		SetCoverageQueryTracer(coverage).
		RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for r := range results {
		ran++
		t.Run(strings.TrimPrefix(r.Package, "data.")+"/"+r.Name, func(t *testing.T) {
			switch {
			case r.Error != nil:
				t.Errorf("%s: %v", r.Location, r.Error)
			case r.Fail:
				t.Errorf("%s failed at %v\n%s", r.Location, r.FailedAt, r.Output)
			case r.Skip:
				t.Errorf("%s is skipped", r.Location)
			}
		})
	}
	if tests := countTests(s.modules); ran != tests {
		t.Errorf("%d of %d tests ran", ran, tests)
	}
	t.Run("coverage", func(t *testing.T) {
		for name, file := range coverage.Report(s.withoutTests()).Files {
			for _, r := range file.NotCovered {
				t.Errorf("%s:%d-%d: no test gets here", name, r.Start.Row, r.End.Row)
			}
		}
	})
}

func countTests(modules map[string]*ast.Module) int {
	names := map[string]bool{}
	for file, m := range modules {
		for _, rule := range m.Rules {
			if name := rule.Head.Ref()[0].Value.String(); strings.HasPrefix(name, "test_") {
				names[path.Dir(file)+name] = true
			}
		}
	}
	return len(names)
}

func TestDefaultPacksAreThoseInTheFolder(t *testing.T) {
	entries, err := fs.ReadDir(policies.Files, "packs")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	if !slices.IsSorted(policies.Default) {
		t.Errorf("policies.Default %q is not sorted", policies.Default)
	}
	for _, pack := range policies.Default {
		if !slices.Contains(folders, pack) {
			t.Errorf("policies.Default names %s, which is no folder in packs", pack)
		}
	}
}

// Each pack's package is that of its folder, its rules are tested beside it, and each has to say what it does on a case that it is
// about, on one that it is not about, and without the facts that it reads.
func TestEveryRuleIsTestedOnGoodBadAndMissingFacts(t *testing.T) {
	s := load(t)
	tests := map[string][]string{}
	for file, m := range s.modules {
		want := "data." + strings.ReplaceAll(path.Dir(file), "/", ".")
		if strings.HasSuffix(file, "_test.rego") {
			want += "_test"
			for _, rule := range m.Rules {
				tests[path.Dir(file)] = append(tests[path.Dir(file)], rule.Head.Ref()[0].Value.String())
			}
		}
		if have := m.Package.Path.String(); have != want {
			t.Errorf("%s: the package is %s, not %s", file, have, want)
		}
	}
	for _, r := range statedRules(t, s) {
		for _, situation := range []string{"fires", "silent", "missing"} {
			prefix := "test_" + r.name + "_" + situation
			if !slices.ContainsFunc(tests[path.Dir(r.file)], func(name string) bool { return strings.HasPrefix(name, prefix) }) {
				t.Errorf("%s: no test in %s is called %s…", r.id, path.Dir(r.file), prefix)
			}
		}
	}
}

func TestMetadataIsComplete(t *testing.T) {
	s := load(t)
	input := schema(t, "../engine/input.schema.json")
	seen := map[string]string{}
	for _, r := range statedRules(t, s) {
		if first, twice := seen[r.id]; twice {
			t.Errorf("%s: the id %s is that of %s", r.at, r.id, first)
		}
		seen[r.id] = r.at
		if pack := path.Base(path.Dir(r.file)); r.id != pack+"."+r.name || !snakeCase.MatchString(r.name) {
			t.Errorf("%s: the id %q is not %s.snake_case", r.at, r.id, pack)
		}
		for name, text := range map[string]string{"title": r.title, "description": r.description, "remediation": r.remediation, "message": r.message} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s has no %s", r.at, r.id, name)
			}
		}
		if strings.HasSuffix(r.message, ".") || strings.ContainsAny(r.message, "\n`<>") {
			t.Errorf("%s: the message of %s is a phrase on one line, without full stop and markup: %q", r.at, r.id, r.message)
		}
		if len(r.controls) == 0 || len(r.controls) > 5 { // one for each text that somebody is held to, where it serves it
			t.Errorf("%s: %s names %d controls, not 1 to 5", r.at, r.id, len(r.controls))
		}
		for _, control := range r.controls {
			if !slices.Contains(controls, control) {
				t.Errorf("%s: %s names %s, which is not in the list of controls that were looked up", r.at, r.id, control)
			}
		}
		for _, name := range placeholder.FindAllStringSubmatch(r.message, -1) {
			switch inInput := strings.Contains(name[1], "."); {
			case inInput && property(input, strings.Split(name[1], ".")) == nil:
				t.Errorf("%s: the message of %s names {%s}, which the input does not have", r.at, r.id, name[1])
			case !inInput && !strings.Contains(r.text, fmt.Sprintf("%q: ", name[1])):
				t.Errorf("%s: the message of %s names {%s}, which the rule gives no value", r.at, r.id, name[1])
			}
		}
	}
	if len(seen) == 0 {
		t.Error("there are no rules")
	}
}

// controls are those that rules name, checked against their texts: PCI DSS v4.0.1, NIST CSF 2.0, NIST SP 800-218 (SSDF 1.1), the
// Trust Services Criteria of SOC 2, the CIS Controls v8.1, the rules on vulnerability detection and response of FedRAMP's Consolidated
// Rules for 2026, and the Cyber Resilience Act (Regulation (EU) 2024/2847).
var controls = []string{
	"PCI-DSS-4.0.1-1.4.2",    // inbound traffic from untrusted networks is restricted
	"PCI-DSS-4.0.1-2.2.1",    // configuration standards address known vulnerabilities
	"PCI-DSS-4.0.1-3.5.1",    // stored account numbers are unreadable
	"PCI-DSS-4.0.1-6.2.4",    // engineering techniques against common software attacks
	"PCI-DSS-4.0.1-6.3.1",    // vulnerabilities are identified and ranked by risk
	"PCI-DSS-4.0.1-6.3.3",    // components are protected by patches in time
	"PCI-DSS-4.0.1-7.2.5",    // application and system accounts have the least privileges that they need
	"PCI-DSS-4.0.1-8.6.2",    // no credentials of accounts in scripts and source code
	"PCI-DSS-4.0.1-11.3.1.1", // vulnerabilities of lower rank are addressed by a targeted risk analysis
	"PCI-DSS-4.0.1-11.4.4",   // exploitable vulnerabilities found by penetration tests are corrected
	"NIST-CSF-2.0-ID.AM-08",  // systems, software and services are managed throughout their life cycles
	"NIST-CSF-2.0-ID.RA-01",  // vulnerabilities are identified, validated and recorded
	"NIST-CSF-2.0-ID.RA-05",  // threats, vulnerabilities, likelihoods and impacts inform the priority of responses
	"NIST-CSF-2.0-ID.RA-06",  // responses are chosen, prioritised, planned and tracked
	"NIST-CSF-2.0-ID.RA-07",  // changes and exceptions are assessed, recorded and tracked
	"NIST-CSF-2.0-PR.AA-01",  // identities and credentials are managed
	"NIST-CSF-2.0-PR.AA-05",  // permissions are managed by least privilege
	"NIST-CSF-2.0-PR.DS-01",  // data at rest is protected
	"NIST-CSF-2.0-PR.PS-01",  // configuration management
	"NIST-CSF-2.0-PR.PS-02",  // software is maintained, replaced and removed by risk
	"NIST-CSF-2.0-RS.AN-03",  // what has taken place during an incident, and its root cause, is analysed
	"NIST-CSF-2.0-DE.AE-02",  // potentially adverse events are analysed
	"NIST-SSDF-1.1-PW.4.1",   // well-secured components are acquired and maintained
	"NIST-SSDF-1.1-PW.7.2",   // code is reviewed or analysed, and what is found is recorded and triaged
	"NIST-SSDF-1.1-RV.2.1",   // each vulnerability is analysed to plan its response
	"NIST-SSDF-1.1-RV.2.2",   // responses are planned and carried out
	"SOC2-CC5.1",             // control activities mitigate risks, with duties segregated
	"SOC2-CC6.1",             // logical access, credentials included, is protected
	"SOC2-CC6.3",             // access follows roles and least privilege
	"SOC2-CC6.6",             // logical access from outside the boundaries is restricted
	"SOC2-CC7.1",             // vulnerabilities are detected by configuration monitoring and scanning
	"SOC2-CC7.3",             // security events are evaluated for whether they were incidents
	"CIS-8.1-16.12",          // code-level security checks
	"FedRAMP-VDR-CSO-AKE",    // nothing new is deployed with known exploited vulnerabilities
	"FedRAMP-VDR-TFR-KEV",    // known exploited vulnerabilities are remediated by CISA's date
	"FedRAMP-VDR-TFR-PVR",    // vulnerabilities are mitigated or remediated within time frames
	"CRA-Annex-I-II-2",       // vulnerabilities are addressed without delay, by the risk that they pose
	"CRA-Art-14",             // actively exploited vulnerabilities are notified, within 24 hours at first
}

// Every comparison with a literal is with a value that the schema's enumeration has: the type checker does not look into enumerations,
// and a misspelt value would make a rule that never fires.
func TestRulesCompareWithValuesThatExist(t *testing.T) {
	s := load(t)
	input := schema(t, "../engine/input.schema.json")
	compared := 0
	for _, m := range s.withoutTests() {
		ast.WalkExprs(m, func(e *ast.Expr) bool {
			if !e.IsCall() || len(e.Operands()) != 2 {
				return false
			}
			for i, operand := range e.Operands() {
				values := enumeration(input, operand)
				if values == nil {
					continue
				}
				for _, literal := range literals(e.Operand(1 - i)) {
					compared++
					if !slices.Contains(values, any(literal)) {
						t.Errorf("%s: %s is never %q; it is one of %v", e.Location, operand, literal, values)
					}
				}
			}
			return false
		})
	}
	if compared < 40 {
		t.Errorf("only %d comparisons were looked at", compared)
	}
}

// In Rego a negated call with an operand that is absent is undefined, not true: `not input.x in {…}` does not hold where x is absent,
// though it reads as if it did. Rules negate other rules instead, which do.
func TestNoRuleNegatesACallOnTheInput(t *testing.T) {
	for _, m := range load(t).withoutTests() {
		ast.WalkExprs(m, func(e *ast.Expr) bool {
			if !e.Negated || !e.IsCall() || e.Operator().Equal(ast.Equal.Ref()) {
				return false
			}
			for _, operand := range e.Operands() {
				ast.WalkRefs(operand, func(r ast.Ref) bool {
					if r.HasPrefix(ast.Ref{ast.InputRootDocument}) {
						t.Errorf("%s: negates a call on %s, which is undefined where that is absent", e.Location, r)
					}
					return false
				})
			}
			return false
		})
	}
}

// Parameters are what users set, so each says in a comment what it means.
func TestEveryParameterHasAComment(t *testing.T) {
	err := fs.WalkDir(policies.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) != "data.yaml" {
			return err
		}
		text, err := fs.ReadFile(policies.Files, name)
		if err != nil {
			return err
		}
		explained := false
		for i, line := range strings.Split(string(text), "\n") {
			key, _, isKey := strings.Cut(line, ":")
			switch {
			case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "params:") || strings.HasPrefix(line, "tables:"):
				explained = false
			case strings.HasPrefix(strings.TrimSpace(line), "#"):
				explained = true
			case isKey && len(key)-len(strings.TrimLeft(key, " ")) == 2 && !explained:
				t.Errorf("%s:%d: %s has no comment above it", name, i+1, strings.TrimSpace(key))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A parameter as it ships is one of the values that the pack lists for it, if it lists any: the program refuses others.
func TestParametersAreAmongTheirChoices(t *testing.T) {
	packs := load(t).data["packs"].(map[string]any)
	looked := 0
	for name, doc := range packs {
		pack := doc.(map[string]any)
		choices, _ := pack["choices"].(map[string]any)
		for key, list := range choices {
			looked++
			allowed, _ := list.([]any)
			value, ok := pack["params"].(map[string]any)[key]
			if !ok || !slices.Contains(allowed, value) {
				t.Errorf("packs.%s: %s is %v, which is none of %v", name, key, value, list)
			}
		}
	}
	if looked < 6 {
		t.Errorf("only %d choices were looked at", looked)
	}
}
