// Package bench measures the whole program against its peers, in one run and on the same findings, and prints ratios. It holds only
// benchmarks; what they print is quoted, never asserted.
//
//	go test ./bench -bench . -benchtime 10x
package bench

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/policies"
)

// The peers, at the versions that are compared with.
const (
	conftest = "github.com/open-policy-agent/conftest@v0.71.0"
	opa      = "github.com/open-policy-agent/opa@v1.22.2"
)

// tools is a folder with the programs, built once.
var tools = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "headgate-bench")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"go", "build", "-o", filepath.Join(dir, "headgate"), "github.com/headgate/headgate/cmd/headgate"},
		{"go", "install", conftest},
		{"go", "install", opa},
	} {
		c := exec.Command(args[0], args[1:]...)
		c.Env = append(os.Environ(), "GOBIN="+dir)
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w: %s", args, err, out)
		}
	}
	return dir, nil
})

func tool(b *testing.B, name string) string {
	b.Helper()
	dir, err := tools()
	if err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// versus runs two commands in turn and reports how long ours takes and how many times faster it is than the peer.
func versus(b *testing.B, ours, peer []string) {
	b.Helper()
	timed := func(args []string) time.Duration {
		start := time.Now()
		c := exec.Command(args[0], args[1:]...)
		c.Stdout, c.Stderr = nil, nil
		var exit *exec.ExitError
		if err := c.Run(); err != nil && (!asExit(err, &exit) || exit.ExitCode() > 1) {
			b.Fatalf("%v: %v\n%s", args, err, exit.Stderr)
		}
		return time.Since(start)
	}
	timed(ours) // once each to warm the file cache
	timed(peer)
	var a, p time.Duration
	for b.Loop() {
		a += timed(ours)
		p += timed(peer)
	}
	b.ReportMetric(a.Seconds()*1000/float64(b.N), "ours-ms")
	b.ReportMetric(p.Seconds()*1000/float64(b.N), "peer-ms")
	b.ReportMetric(p.Seconds()/a.Seconds(), "times-faster")
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*to = e
	return ok
}

// findings are what both sides judge: 1,000 vulnerabilities of 150 packages.
func findings() []map[string]any {
	var all []map[string]any
	for i := range 1000 {
		all = append(all, map[string]any{
			"VulnerabilityID": fmt.Sprintf("CVE-2024-%05d", 10_000+i*7%900), "PkgName": fmt.Sprintf("package-%d", i%150),
			"InstalledVersion": fmt.Sprintf("1.%d.0", i%9), "FixedVersion": []string{"2.0.1", "", "2.4.0"}[i%3],
			"Severity":      []string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}[i*13%4],
			"PkgIdentifier": map[string]any{"PURL": fmt.Sprintf("pkg:npm/package-%d@1.%d.0", i%150, i%9)},
			"Title":         fmt.Sprintf("Weakness number %d of its kind", i),
			"CVSS":          map[string]any{"nvd": map[string]any{"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "V3Score": 9.8}},
		})
	}
	return all
}

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

func write(b *testing.B, name string, v any) string {
	b.Helper()
	text, ok := v.(string)
	if !ok {
		j, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		text = string(j)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	return name
}

func trivy(vulnerabilities []map[string]any) any {
	return map[string]any{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": []any{
		map[string]any{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": vulnerabilities}}}
}

// A cold gate on a report of 1,000 findings with all packs, text and JSON out, against conftest with three rules on the same
// findings: as one document per finding, which is what a decision per finding means to conftest.
func BenchmarkGateAgainstConftestPerFinding(b *testing.B) {
	dir := b.TempDir()
	report := write(b, filepath.Join(dir, "report.json"), trivy(findings()))
	for i, f := range findings() {
		write(b, filepath.Join(dir, "findings", fmt.Sprintf("%04d.json", i)), f)
	}
	policy := filepath.Dir(write(b, filepath.Join(dir, "policy", "rules.rego"), fmt.Sprintf(rules, "true", "input")))
	versus(b,
		[]string{tool(b, "headgate"), "gate", report, "-o", "text", "-o", "json=" + filepath.Join(dir, "result.json")},
		[]string{tool(b, "conftest"), "test", "-p", policy, filepath.Join(dir, "findings")})
}

// The same against conftest on the report as it is, its rules iterating over all findings in one evaluation.
func BenchmarkGateAgainstConftestOneDocument(b *testing.B) {
	dir := b.TempDir()
	report := write(b, filepath.Join(dir, "report.json"), trivy(findings()))
	policy := filepath.Dir(write(b, filepath.Join(dir, "policy", "rules.rego"),
		fmt.Sprintf(rules, "some f in input.Results[_].Vulnerabilities", "f")))
	versus(b,
		[]string{tool(b, "headgate"), "gate", report, "-o", "text", "-o", "json=" + filepath.Join(dir, "result.json")},
		[]string{tool(b, "conftest"), "test", "-p", policy, report})
}

// A gate on an empty report, which is start-up with the default packs compiled, against opa eval with the same packs loaded: without
// their tests, and without those that are off.
func BenchmarkStartAgainstOPA(b *testing.B) {
	dir := b.TempDir()
	report := write(b, filepath.Join(dir, "report.json"), trivy([]map[string]any{}))
	input := write(b, filepath.Join(dir, "input.json"), `{"finding": {"id": "x", "kind": "vulnerability"}, "context": {"change": {"event": "manual"}}}`)
	loaded := filepath.Join(dir, "policies")
	for _, folder := range append([]string{"main", "lib"}, packs()...) {
		if err := copyWithoutTests(filepath.Join(loaded, folder), folder); err != nil {
			b.Fatal(err)
		}
	}
	versus(b,
		[]string{tool(b, "headgate"), "gate", report},
		[]string{tool(b, "opa"), "eval", "--data", loaded, "--input", input, "data.main.decision"})
}

// packs are the folders of those that are on by default.
func packs() (folders []string) {
	for _, pack := range policies.Default {
		folders = append(folders, "packs/"+pack)
	}
	return folders
}

func copyWithoutTests(to, folder string) error {
	files, err := fs.ReadDir(policies.Files, folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.rego") {
			continue
		}
		text, err := fs.ReadFile(policies.Files, folder+"/"+f.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
