package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/headgate/headgate/bench/estate"
	"github.com/headgate/headgate/engine"
)

// someTimes is how often a command is run: the median counts.
const someTimes = 9

// rules are three as people write them for conftest; each is over one finding, the document or the one at f.
const rules = `package main

deny contains msg if {
	%[1]s
	%[2]s.Severity == "CRITICAL"
	%[2]s.FixedVersion != ""
	msg := sprintf("%%s in %%s is critical and can be fixed", [%[2]s.VulnerabilityID, %[2]s.PkgName])
}

warn contains msg if {
	%[1]s
	%[2]s.Severity == "HIGH"
	msg := sprintf("%%s in %%s is high", [%[2]s.VulnerabilityID, %[2]s.PkgName])
}

warn contains msg if {
	%[1]s
	%[2]s.CVSS.nvd.V3Score >= 9
	msg := sprintf("%%s in %%s scores %%v", [%[2]s.VulnerabilityID, %[2]s.PkgName, %[2]s.CVSS.nvd.V3Score])
}
`

// measureGate runs a cold gate with the default packs on a report of a thousand findings, text and JSON out, and conftest with three rules on
// the same findings: as one document for each, which is what a decision per finding means to conftest, and on the report as it is.
func measureGate(ctx context.Context, b *bench) ([]line, error) {
	found := estate.New(1).Vulnerabilities(1000)
	report, err := b.json("gate/report.json", estate.Trivy(found))
	if err != nil {
		return nil, err
	}
	for i, v := range found {
		if _, err := b.json(fmt.Sprintf("gate/findings/%04d.json", i), v); err != nil {
			return nil, err
		}
	}
	one, err := b.write("gate/one/rules.rego", fmt.Sprintf(rules, "true", "input"))
	if err != nil {
		return nil, err
	}
	whole, err := b.write("gate/whole/rules.rego", fmt.Sprintf(rules, "some f in input.Results[_].Vulnerabilities", "f"))
	if err != nil {
		return nil, err
	}
	ours := []string{b.tool("headgate"), "gate", report, "-o", "text", "-o", "json=" + filepath.Join(b.dir, "gate", "result.json")}
	a, p, err := versus(ctx, someTimes, ours, []string{b.tool("conftest"), "test", "--policy", filepath.Dir(one), filepath.Join(b.dir, "gate", "findings")})
	if err != nil {
		return nil, err
	}
	each := faster(a, p)
	a, p, err = versus(ctx, someTimes, ours, []string{b.tool("conftest"), "test", "--policy", filepath.Dir(whole), report})
	if err != nil {
		return nil, err
	}
	atOnce := faster(a, p)
	return []line{
		{"`headgate gate` on 1,000 findings, cold, default packs, text and JSON out, against `conftest test` v0.71.0 with three rules, a decision per finding",
			"2×", fmt.Sprintf("%v: %d ms against %d ms", each, a.Wall.Milliseconds(), int64(each.wall*float64(a.Wall.Milliseconds()))), each.wall >= 2,
			"go run ./bench -rows gate"},
		{"the same against conftest on the report in one evaluation, which decides nothing per finding", noTarget, atOnce.String(), true, "go run ./bench -rows gate"},
	}, nil
}

// measureStart runs a gate on an empty report, which is start-up with the default packs compiled, and opa eval with the same packs loaded.
func measureStart(ctx context.Context, b *bench) ([]line, error) {
	report, err := b.json("start/report.json", estate.Trivy(nil))
	if err != nil {
		return nil, err
	}
	input, err := b.json("start/input.json", engine.Input{Finding: engine.Finding{ID: "hg1-0", Kind: engine.KindVulnerability},
		Context: engine.Context{Change: &engine.Change{Event: engine.EventManual}}})
	if err != nil {
		return nil, err
	}
	loaded := filepath.Join(b.dir, "start", "policies")
	if err := defaultPolicies(loaded); err != nil {
		return nil, err
	}
	ours, theirs, err := versus(ctx, 2*someTimes+1, []string{b.tool("headgate"), "gate", report},
		[]string{b.tool("opa"), "eval", "--data", loaded, "--input", input, "data.main.decision"})
	if err != nil {
		return nil, err
	}
	r := faster(ours, theirs)
	return []line{{"`headgate gate` on an empty report against `opa eval` v1.22.2 with the same packs loaded", "1×",
		fmt.Sprintf("%v: %d ms against %d ms", r, ours.Wall.Milliseconds(), theirs.Wall.Milliseconds()), r.wall >= 1, "go run ./bench -rows start"}}, nil
}

func (b *bench) json(name string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return b.write(name, string(text))
}
