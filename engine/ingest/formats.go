package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A format is one kind of report. Adding one is a file and a line in formats.
type format struct {
	name   string           // as in result files and on the command line
	title  string           // as in help and errors
	tools  string           // what writes it, and what is read
	sample string           // a command that makes such a report, with what is to be filled in in capitals
	detect func(shape) bool // true if the beginning of a document has this format's marks
	read   func(*stream, *batch) error
}

// formats are all formats, in the order in which detection asks them: the first match wins, so a format with loose marks stands
// behind those with strict ones.
var formats = []format{
	{"sarif", "SARIF 2.1.0", "CodeQL, Semgrep, gosec, Checkov and most others",
		"gosec -fmt sarif -out gosec.sarif ./...", detectSARIF, readSARIF},
	{"trivy", "Trivy JSON", "Trivy: vulnerabilities, misconfigurations, secrets and licences of images, folders, repositories and clusters",
		"trivy image --format json -o trivy.json IMAGE", detectTrivy, readTrivy},
	{"grype", "Grype JSON", "Grype: vulnerabilities of images, folders and bills of materials",
		"grype IMAGE -o json --file grype.json", detectGrype, readGrype},
	{"osv-scanner", "OSV-Scanner JSON", "OSV-Scanner: vulnerabilities of lockfiles and images, with call analysis",
		"osv-scanner scan source -r . --format json > osv.json", detectOSVScanner, readOSVScanner},
	{"cyclonedx", "CycloneDX JSON and XML", "Syft, cdxgen, Trivy, Grype, Dependency-Track: bills of materials and VEX, 1.0 to 1.7",
		"syft IMAGE -o cyclonedx-json=sbom.cdx.json", detectCycloneDX, readCycloneDX},
	{"spdx", "SPDX 2 JSON and tag-value", "Syft, Microsoft's sbom-tool and others: components only",
		"syft IMAGE -o spdx-json=sbom.spdx.json", detectSPDX, readSPDX},
	{"openvex", "OpenVEX", "vexctl and others: statements, 0.0.1 to 0.2",
		"vexctl create --product PURL --vuln CVE --status fixed > vex.json", detectOpenVEX, readOpenVEX},
	{"csaf", "CSAF 2.0 and 2.1", "vendors' advisories and VEX: statements",
		"curl -o advisory.json https://VENDOR/csaf/ADVISORY.json", detectCSAF, readCSAF},
	{"ocsf", "OCSF Vulnerability Finding", "Amazon Security Lake and others: JSON, a list or lines",
		"aws s3 cp s3://BUCKET/findings.json ocsf.json", detectOCSF, readOCSF},
	{"asff", "AWS Security Finding Format", "AWS Security Hub, Inspector and others that write to it",
		"aws securityhub get-findings > asff.json", detectASFF, readASFF},
	{"govulncheck", "govulncheck JSON", "govulncheck: vulnerabilities of Go modules, with the calls that reach them",
		"govulncheck -format json ./... > govulncheck.json", detectGovulncheck, readGovulncheck},
	{"semgrep", "Semgrep JSON", "Semgrep: code, secrets and supply chain",
		"semgrep scan --json --output semgrep.json", detectSemgrep, readSemgrep},
	{"snyk", "Snyk JSON", "Snyk: open source, one project or several, and containers",
		"snyk test --all-projects --json-file-output=snyk.json", detectSnyk, readSnyk},
	{"npm-audit", "npm audit JSON", "npm and pnpm, audit reports 1 and 2",
		"npm audit --json > npm-audit.json", detectNPMAudit, readNPMAudit},
	{"yarn-audit", "Yarn audit JSON", "Yarn 1 to 4 and Bun",
		"yarn npm audit --json > yarn-audit.json", detectYarnAudit, readYarnAudit},
	{"pip-audit", "pip-audit JSON", "pip-audit: vulnerabilities of Python packages",
		"pip-audit --format json --output pip-audit.json", detectPipAudit, readPipAudit},
	{"cargo-audit", "cargo-audit JSON", "cargo-audit: vulnerabilities of Rust crates",
		"cargo audit --json > cargo-audit.json", detectCargoAudit, readCargoAudit},
	{"gosec", "gosec JSON", "gosec: Go code",
		"gosec -fmt json -out gosec.json ./...", detectGosec, readGosec},
	{"bandit", "Bandit JSON", "Bandit: Python code",
		"bandit -r . --format json -o bandit.json", detectBandit, readBandit},
	{"dependency-check", "Dependency-Check XML and JSON", "OWASP Dependency-Check: vulnerabilities of components",
		"dependency-check --scan . --format JSON --out dependency-check.json", detectDependencyCheck, readDependencyCheck},
	{"dependabot", "Dependabot alerts", "GitHub's REST interface, and GraphQL's vulnerabilityAlerts",
		"gh api --paginate repos/OWNER/REPO/dependabot/alerts > dependabot.json", detectDependabot, readDependabot},
	{"code-scanning", "GitHub code-scanning alerts", "GitHub's REST interface",
		"gh api --paginate repos/OWNER/REPO/code-scanning/alerts > alerts.json", detectCodeScanning, readCodeScanning},
	{"gitleaks", "Gitleaks JSON", "Gitleaks 7 and 8: secrets in files and history",
		"gitleaks git --report-format json --report-path gitleaks.json", detectGitleaks, readGitleaks},
	{"trufflehog", "TruffleHog JSON", "TruffleHog 3: secrets in any of its sources",
		"trufflehog git file://. --json > trufflehog.jsonl", detectTruffleHog, readTruffleHog},
	{"secret-scanning", "GitHub secret-scanning alerts", "GitHub's REST interface",
		"gh api --paginate repos/OWNER/REPO/secret-scanning/alerts > secrets.json", detectSecretScanning, readSecretScanning},
	{"checkov", "Checkov JSON", "Checkov: misconfigurations, secrets and packages",
		"checkov -d . -o json > checkov.json", detectCheckov, readCheckov},
	{"kics", "KICS JSON", "KICS: misconfigurations",
		"kics scan -p . --report-formats json -o .", detectKICS, readKICS},
	{"tfsec", "tfsec JSON", "tfsec: misconfigurations in Terraform",
		"tfsec . --format json --out tfsec.json", detectTfsec, readTfsec},
	{"nuclei", "Nuclei JSON", "Nuclei, lines or a list: what it could prove on running hosts",
		"nuclei -u URL -jsonl -o nuclei.jsonl", detectNuclei, readNuclei},
	{"zap", "ZAP JSON", "ZAP's traditional report: weaknesses of running applications",
		"zap-baseline.py -t URL -J zap.json", detectZAP, readZAP},
	{"zap-xml", "ZAP XML", "ZAP's traditional report: weaknesses of running applications",
		"zap-baseline.py -t URL -x zap.xml", detectZAPXML, readZAPXML},
	{"trivy-operator", "Trivy Operator resources", "Trivy Operator: all kinds of its reports in a cluster",
		"kubectl get vulnerabilityreports -A -o json > operator.json", detectTrivyOperator, readTrivyOperator},
	{"gitlab", "GitLab security report", "GitLab's SAST, dependency, container and secret scans, and DAST",
		"glab job artifact main semgrep-sast", detectGitLab, readGitLab},
	{"sonarqube", "SonarQube issues", "SonarQube and SonarCloud, GET /api/issues/search",
		"curl -u TOKEN: 'https://SONAR/api/issues/search?componentKeys=KEY' > sonar.json", detectSonarQube, readSonarQube},
	{"picus", "Picus CSV", "Picus: an export of a simulation's results",
		"Picus, Simulations: Export as CSV", detectPicus, readPicus},
	{"threagile", "Threagile risks", "Threagile: risks.json",
		"threagile -model threagile.yaml -output .", detectThreagile, readThreagile},
	{"defectdojo", "DefectDojo generic findings, JSON and CSV", "Converters to DefectDojo",
		`{"findings": [{"title": …, "severity": …}]}`, detectGeneric, readGeneric},
	{"empty-list", "empty JSON list", "Gitleaks, Nuclei, tfsec, GitHub's alerts and others that found nothing: [] or {\"results\": []}",
		"gitleaks dir --report-path gitleaks.json", detectEmptyList, readEmptyList},
}

// A Format describes a supported format for help and documentation.
type Format struct {
	Name, Title, Tools string
	Example            string // a command that makes such a report; words in capitals are to be filled in
}

// Formats lists the supported formats.
func Formats() []Format {
	var all []Format
	for _, f := range formats {
		all = append(all, Format{f.name, f.title, f.tools, f.sample})
	}
	return all
}

// peekBytes is how much of a document detection sees. Marks of a format must stand within it.
const peekBytes = 64 << 10

// widePeekBytes is how much detection sees of a document that begins with so many keys of its own that no mark stands in its first
// peekBytes.
const widePeekBytes = 1 << 20

// cutShort says whether a head is only the beginning of a document, as far as its length tells.
func cutShort(head []byte) bool { return len(head) == peekBytes || len(head) == widePeekBytes }

// shapeDepth is how deep detection looks: as deep as an answer of GraphQL to a question about all repositories of an organisation.
const shapeDepth = 7

// A shape is the set of key paths in the beginning of a document. Of JSON: "runs", "matches[].vulnerability.id"; "[]" is an array's
// element and "" the document; the value is the text of a scalar, else "{" or "[". Of XML: "<report", "<report/site",
// "<report@version". Of a table: "csv:title" for each column, in lower case. Of lines of tags and values: "tag:SPDXVersion".
type shape map[string]string

// has says whether all paths are there.
func (s shape) has(paths ...string) bool {
	for _, p := range paths {
		if _, ok := s[p]; !ok {
			return false
		}
	}
	return true
}

// hasAny says whether one of the paths is there.
func (s shape) hasAny(paths ...string) bool {
	for _, p := range paths {
		if s.has(p) {
			return true
		}
	}
	return false
}

// detect finds the format of a document from its first bytes. A document that is broken before any mark shows says where.
func detect(head []byte) (format, error) {
	s, err := shapeOf(head)
	for _, f := range formats {
		if f.detect(s) {
			return f, nil
		}
	}
	switch {
	case err != nil:
		return format{}, fmt.Errorf("%w: %w: %w", ErrUnknownFormat, ErrBroken, place(err))
	case !s.has(""):
		return format{}, fmt.Errorf("%w: %w", ErrUnknownFormat, ErrNotJSON)
	}
	return format{}, ErrUnknownFormat
}

// shapeOf reads as far as the head reaches. Where the head ends is no error unless the document ends there too.
func shapeOf(head []byte) (shape, error) {
	s := shape{}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) > 0 && text[0] == '<' {
		return s, s.xml(head)
	}
	if bytes.HasPrefix(text, []byte("SPDXVersion:")) {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		s["tag:SPDXVersion"] = string(line)
		return s, nil
	}
	if len(text) > 0 && !strings.ContainsRune("{[", rune(text[0])) && s.csv(head) {
		return s, nil
	}
	err := s.value(jsontext.NewDecoder(bytes.NewReader(head), decoding), "", 0)
	if errors.Is(err, io.ErrUnexpectedEOF) && cutShort(head) {
		err = nil
	}
	return s, err
}

// xml adds elements and their attributes to a depth of three. References to entities are not followed anywhere: the decoder of the
// standard library knows none but the five of XML itself.
func (s shape) xml(head []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(head))
	dec.CharsetReader = xmlCharset
	var at []string
	for {
		tok, err := dec.Token()
		if err != nil {
			var syntax *xml.SyntaxError
			if err == io.EOF || errors.As(err, &syntax) && cutShort(head) {
				return nil
			}
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			at = append(at, tok.Name.Local)
			if len(at) > 3 {
				continue
			}
			path := "<" + strings.Join(at, "/")
			s[path] = "<"
			for _, a := range tok.Attr {
				s[path+"@"+a.Name.Local] = a.Value
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
}

// csv adds the names of columns, if the first line looks like a list of them.
func (s shape) csv(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	columns, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil || bytes.IndexByte(line, 0) >= 0 || len(columns) < 3 {
		return false
	}
	for _, c := range columns {
		s["csv:"+strings.ToLower(strings.TrimSpace(c))] = c
	}
	return true
}

// value adds the next value of the document and what is in it.
func (s shape) value(dec *jsontext.Decoder, path string, depth int) error {
	if depth > shapeDepth {
		return dec.SkipValue()
	}
	open := dec.PeekKind()
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	text := tok.String()
	if _, ok := s[path]; !ok {
		s[path] = text
	}
	switch open {
	case '{':
		for dec.PeekKind() != '}' {
			key, err := dec.ReadToken()
			if err != nil {
				return err
			}
			if err := s.value(dec, strings.TrimPrefix(path+"."+key.String(), "."), depth+1); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
	case '[':
		for dec.PeekKind() != ']' {
			if err := s.value(dec, path+"[]", depth+1); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
	}
	return err
}
