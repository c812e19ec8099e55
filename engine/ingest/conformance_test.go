package ingest

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A conformance row says what a real report amounts to. Real reports are not part of the repository.
type conformance struct {
	file              string // below corpus/scans
	results, findings int
	refused           string // part of the error, or of the reason why the report is incomplete
	why               string // why our number of findings is another than the peer's in expected.csv
}

// conformances are all real reports that must be read or refused as stated.
var conformances = map[string][]conformance{
	"sarif": {
		{file: "DefectDojo_django-DefectDojo__2020-12-11_13 42 10__export.sarif", results: 510, findings: 510},
		{file: "appendix_k.sarif", results: 1, findings: 1},
		{file: "appendix_k1_double.sarif"},
		{file: "appendix_k3.sarif", results: 1, findings: 1},
		{file: "bash-report-fabricated-no-internal-dupes-subset.sarif", results: 4, findings: 4},
		{file: "bash-report-subset-same-hash-code-same-unique-id.sarif", results: 4, findings: 4},
		{file: "blackduck_nested_fingerprints.sarif", results: 5, findings: 5},
		{file: "cxf-3.4.6.sarif", results: 22, findings: 22},
		{file: "dockle_0_3_15.sarif", results: 4, findings: 4},
		{file: "mobsfscan.json", results: 9, findings: 9,
			why: "the peer makes a finding of every location: a result with several locations is one weakness, mended at all of them"},
		{file: "no_runs.sarif", refused: "no tool says that it scanned"},
		{file: "spotbugs.sarif", results: 56, findings: 56, refused: "exit code 3"},
		{file: "taint-python-report.sarif", results: 11, findings: 11},
	},
	"trivy": {
		{file: "all_statuses.json", results: 8, findings: 8},
		{file: "cvssv4_severity_source.json", results: 3, findings: 3},
		{file: "issue_14136.json", results: 1, findings: 1},
		{file: "issue_9170.json", results: 37, findings: 37},
		{file: "issue_9333.json", results: 13, findings: 13},
		{file: "kubernetes_fabricated_internal_duplicates.json", results: 13, findings: 13},
		{file: "kubernetes_fabricated_subset.json", results: 13, findings: 13},
		{file: "legacy_no_vuln.json"},
		{file: "license_scheme.json", results: 19, findings: 19},
		{file: "scheme_2_many_vulns.json", results: 5, findings: 5},
		{file: "severity_prio.json", results: 2, findings: 2},
	},
	"anchore_grype": {
		{file: "anchore_grype_epss_problem.json", results: 1, findings: 1},
		{file: "check_all_fields_different_ids_fabricated.json", results: 1, findings: 1},
		{file: "check_all_fields_with_ids_fabricated.json", results: 1, findings: 1},
		{file: "fix_not_available.json", results: 1, findings: 1},
		{file: "issue_9942.json", results: 1, findings: 1},
		{file: "many_vulns4.json", results: 9, findings: 9},
		{file: "no_vuln.json"},
	},
	"osv_scanner": {
		{file: "many_findings.json", results: 66, findings: 37,
			why: "the peer counts the entries: GitHub's, Go's and PyPI's entries for one vulnerability are one group, and one finding"},
		{file: "no_findings.json", refused: "the file is empty"},
	},
	"cyclonedx": {
		{file: "cyclonedx_bom.xml"},
		{file: "grype.xml", results: 327, findings: 327},
		{file: "issue_8022.json", results: 1, findings: 1},
		{file: "jake.xml"},
		{file: "log4j.json", results: 8, findings: 8},
		{file: "multiple_cwes_fabricated.xml", results: 1, findings: 1},
		{file: "no-severity.json", results: 1, findings: 1},
		{file: "spec1.xml", results: 1, findings: 1},
		{file: "valid-vulnerability-1.4.json", results: 1, findings: 1},
	},
	"spdx": {
		{file: "spdx_3_unsupported.json", refused: "SPDX 3 is not read"},
		{file: "spdx_no_vuln.json"},
		{file: "spdx_one_vuln.spdx",
			why: "the peer makes a finding of a reference to an advisory, which by the specification may be about the component"},
	},
	"openvex": {
		{file: "openvex_many_vuln.json", results: 6,
			why: "the peer makes a finding of every statement: VEX says of findings whether they matter, not that a component is there"},
		{file: "openvex_not_a_document.json", refused: "not a report in a supported format"},
	},
	"csaf": {
		{file: "csaf_many_vuln.json", results: 2,
			why: "the peer makes a finding of every product status: an advisory says which products are affected, not which are installed"},
		{file: "csaf_one_vuln.json", results: 1, why: "as above"},
	},
	"generic": {
		{file: "generic_csv_defect_dojo.csv", results: 4, findings: 4},
		{file: "generic_custom_test.json", results: 1, findings: 1},
		{file: "generic_cve_and_vulnerability_ids.json", results: 1, findings: 1},
		{file: "generic_invalid.json", results: 1, findings: 1},
		{file: "generic_non_numeric_fields.json", results: 3, findings: 3},
		{file: "generic_report1.csv", results: 5, findings: 5,
			why: "the peer makes rows of one title one finding: here their weaknesses and addresses differ"},
		{file: "generic_report1_more_tags.json", results: 2, findings: 2},
		{file: "generic_report3.csv", results: 2, why: "the peer lists what is mitigated"},
		{file: "generic_report4.csv", results: 4, findings: 4},
		{file: "generic_report_fix_version.csv", results: 2, findings: 2},
		{file: "generic_report_kev_cvssv4.csv", refused: "quote"},
		{file: "generic_report_multi_cwe_fabricated.json", results: 3, findings: 3},
		{file: "generic_test_type_2.json", results: 1, findings: 1},
		{file: "generic_test_type_suffix.json", results: 1, findings: 1},
		{file: "test_import_report1.json", results: 4, findings: 1},
		{file: "test_with_image.json", results: 1, findings: 1},
	},
	"asff": {
		{file: "guardduty/Unusual Behaviors-User-Persistence IAMUser-NetworkPermissions.json", results: 1, findings: 1},
		{file: "one_vuln.json", results: 1, findings: 2},
	},
	"govulncheck": {
		{file: "empty.json", refused: "the file is empty"},
		{file: "issue_15033.json", results: 178, findings: 72},
		{file: "many_vulns.json", results: 12, findings: 3},
		{file: "many_vulns_new_version_custom_severity.json", results: 2, findings: 2},
		{file: "no_vulns_new_version.json"},
	},
	"semgrep": {
		{file: "close_old_findings_report_line31.json", results: 1, findings: 1},
		{file: "close_old_findings_report_third_run_different_unique_id.json", results: 1, findings: 1},
		{file: "empty.json"},
		{file: "high-medium-low-severities.json", results: 3, findings: 3},
		{file: "many_findings.json", results: 3, findings: 3},
		{file: "multiple_cwes_fabricated.json", results: 1, findings: 1},
		{file: "repeated_findings.json", results: 2, findings: 2,
			why: "the peer merges the same result, which the file has twice, while reading: here that is done in correlation"},
		{file: "semgrep_version_1_30_0_line_26.json", results: 5, findings: 5},
	},
	"semgrep_pro": {
		{file: "multiple_cwes_fabricated.json", results: 1, findings: 1},
		{file: "one_vuln.json", results: 1, findings: 1},
	},
	"snyk": {
		{file: "all-projects_many_vulns.json", results: 4, findings: 2,
			why: "the peer counts the rows: the same vulnerability of one package in three projects is one finding with their files and versions"},
		{file: "all-projects_one_vuln.json", results: 1, findings: 1},
		{file: "all_projects_issue4277.json", results: 82, findings: 49,
			why: "the peer counts the rows: one for each path to a package"},
		{file: "single_project_many_vulns.json", results: 41, findings: 41},
		{file: "single_project_one_vuln.json", results: 1, findings: 1},
		{file: "single_project_upgrade_libs.json", results: 254, findings: 43,
			why: "the peer counts the rows: one for each path to a package"},
		{file: "snykcontainer_issue_9270.json", results: 37, findings: 30,
			why: "the peer leaves the applications in the image out and counts the rows: one for each path to a package"},
	},
	"gitleaks": {
		{file: "data_many.json", results: 2, findings: 2},
		{file: "no_findings.json"}, // null, which is Trivy's as well
	},
	"checkov": {
		{file: "checkov-report-0-vuln.json"},
		{file: "checkov-report-many-vuln.json", results: 3, findings: 3},
		{file: "checkov-report-severity.json", results: 4, findings: 4},
	},
	"kics": {
		{file: "many_findings.json", results: 18, findings: 18},
	},
	"nuclei": {
		{file: "empty.jsonl", refused: "the file is empty"},
		{file: "issue_14071.json", results: 27, findings: 27},
		{file: "many_findings.json", results: 18, findings: 18,
			why: "the peer takes two servers at two ports of one host for one place"},
		{file: "many_findings_third.json", results: 2, findings: 2},
		{file: "multiple_matches.json", results: 2, findings: 2},
		{file: "no_findings.json", refused: "the file is empty"},
	},
	"zap": {
		{file: "0_zap_sample.xml", results: 4, findings: 4},
		{file: "1_zap_sample_0_and_new_absent.xml", results: 4, findings: 4},
		{file: "3_zap_sampl_0_and_different_severities.xml", results: 4, findings: 4},
		{file: "dvwa_baseline_dojo.xml", results: 19, findings: 19},
		{file: "dvwa_baseline_dojo_fabricated_internal_duplicates_subset.xml", results: 6, findings: 6},
		{file: "empty_2.9.0.xml"},
		{file: "some_2.9.0.xml", results: 7, findings: 7},
		{file: "zap-results-second-scan.xml", results: 18, findings: 18},
		{file: "zap_2.16.1_with_req_resp.xml", results: 4, findings: 4},
	},
	"npm_audit": {
		{file: "cwe_null.json", results: 1, findings: 1},
		{file: "issue_7897.json", results: 5, findings: 5},
		{file: "many_vuln_npm7.json", results: 15, findings: 8},
		{file: "many_vuln_with_groups_different_titles.json", results: 5, findings: 5},
		{file: "multiple_cwes2.json", results: 6, findings: 6},
		{file: "one_vuln.json", results: 1, findings: 1},
	},
	"npm_audit_7_plus": {
		{file: "issue_10801.json", results: 1, findings: 1},
		{file: "multiple_cwes_fabricated.json", results: 1, findings: 1},
		{file: "one_vuln.json", results: 1, findings: 2,
			why: "the peer counts the packages: there are two advisories on this one"},
	},
	"gosec": {
		{file: "many_vulns.json", results: 28, findings: 28},
	},
	"trivy_operator": {
		{file: "all_reports_in_dict.json", results: 43, findings: 43},
		{file: "clustercompliancereport.json", results: 3, findings: 2},
		{file: "configauditreport_many.json", results: 13, findings: 13},
		{file: "configauditreport_no_vuln.json"},
		{file: "configauditreport_with_remediation.json", results: 2, findings: 2},
		{file: "exposedsecretreport_no_vuln.json"},
		{file: "findings_in_list.json", results: 18, findings: 18},
		{file: "vulnerabilityreport_many.json", results: 41, findings: 41},
		{file: "vulnerabilityreport_single_vuln.json", results: 1, findings: 1},
	},
	"picus": {
		{file: "many_vulns.csv", results: 6, findings: 4,
			why: "the peer takes what a control blocked for a finding"},
		{file: "one_vuln.csv", results: 1, findings: 1},
	},
	"threagile": {
		{file: "bad_formatted_risks_file.json", refused: "not a report in a supported format"},
		{file: "risks.json", results: 6, findings: 6},
	},
	"dependency_check": {
		{file: "PR6439.xml", results: 34, findings: 34},
		{file: "multiple_vulnerabilities_has_multiple_findings.xml", results: 9, findings: 9},
		{file: "single_vuln.xml", results: 1, findings: 1},
		{file: "version-6.5.3_multi_cwe_fabricated.xml", results: 1, findings: 1},
	},
	"github_sast": {
		{file: "github_sast_many_vul.json", results: 2, findings: 2},
		{file: "github_sast_zero_vul.json"},
	},
	"github_vulnerability": {
		{file: "github-0-vuln.json"},
		{file: "github-1-vuln-repo-dependabot-link.json", results: 1, findings: 1},
		{file: "github-5-vuln.json", results: 5, findings: 5},
		{file: "github_h2.json", results: 1, findings: 1},
		{file: "github_multi_cwe_fabricated.json", results: 1, findings: 1},
		{file: "github_search2.json", results: 2, findings: 2},
		{file: "github_search4_null_cvss_vector.json", results: 2, findings: 2},
		{file: "issue_9582.json", results: 2, findings: 2},
	},
}

// corpus is the folder with real reports; the test is skipped where there is none.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("HEADGATE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	dir = filepath.Join(dir, "scans")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no corpus of real reports here: set HEADGATE_CORPUS to the folder that has it")
	}
	return dir
}

// peerCounts are the numbers of findings that a peer's own tests expect of the files; a file whose number is not known is absent.
func peerCounts(t *testing.T, dir string) map[string]int {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, row := range rows[1:] {
		if n, err := strconv.Atoi(row[1]); err == nil {
			counts[row[0]] = n
		}
	}
	return counts
}

func TestRealReportsAreReadOrRefusedAsStated(t *testing.T) {
	dir := corpus(t)
	peer := peerCounts(t, dir)
	for format, rows := range conformances {
		listed := map[string]bool{}
		for _, row := range rows {
			listed[strings.SplitN(row.file, "/", 2)[0]] = true
			t.Run(format+"/"+row.file, func(t *testing.T) { row.check(t, dir, format, peer) })
		}
		files, err := os.ReadDir(filepath.Join(dir, format))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !listed[f.Name()] {
				t.Errorf("%s/%s has no row", format, f.Name())
			}
		}
	}
}

func (c conformance) check(t *testing.T, dir, format string, peer map[string]int) {
	f, err := os.Open(filepath.Join(dir, format, c.file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, found, err := read(c.file, f, Options{})
	refused := report.Incomplete
	if err != nil {
		refused = err.Error()
	}
	if (c.refused == "") != (refused == "") || !strings.Contains(refused, c.refused) {
		t.Errorf("refused because of %q, want %q", refused, c.refused)
	}
	if report.Results != c.results || len(found) != c.findings || report.Findings != len(found) {
		t.Errorf("%d results and %d findings, want %d and %d", report.Results, len(found), c.results, c.findings)
	}
	want, known := peer[format+"/"+c.file]
	if known && want != c.findings && c.why == "" && c.refused == "" {
		t.Errorf("the peer finds %d: the row does not say why we find %d", want, c.findings)
	}
	if known && want == c.findings && c.why != "" {
		t.Errorf("the peer finds %d as we do: the row explains a difference that is not there", want)
	}
}
