package ingest

import (
	"bufio"
	"fmt"
	"io"
)

// writeCycloneDX writes a bill of materials of about that size as tools write it: components with hashes, licences and properties, and
// for some of them vulnerabilities with several ratings and many advisories.
func writeCycloneDX(w io.Writer, size int) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	fmt.Fprint(out, `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"bom-ref":"root","type":"container","name":"ghcr.io/acme/shop","version":"2.0"}},"components":[`)
	written, n := 0, 0
	for ; written < size*2/3; n++ {
		if n > 0 {
			fmt.Fprint(out, ",")
		}
		k, _ := fmt.Fprintf(out, `{
      "bom-ref": "pkg:npm/package-%[1]d@1.%[1]d.0",
      "type": "library",
      "name": "package-%[1]d",
      "version": "1.%[1]d.0",
      "hashes": [{"alg": "SHA-512", "content": "%0128[1]x"}],
      "licenses": [{"license": {"id": "MIT"}}],
      "purl": "pkg:npm/package-%[1]d@1.%[1]d.0",
      "properties": [
        {"name": "aquasecurity:trivy:LayerDiffID", "value": "sha256:%064[1]x"},
        {"name": "aquasecurity:trivy:PkgID", "value": "package-%[1]d@1.%[1]d.0"},
        {"name": "aquasecurity:trivy:PkgType", "value": "node-pkg"}
      ]
    }`, n)
		written += k
	}
	fmt.Fprint(out, `],"vulnerabilities":[`)
	for i := 0; written < size; i++ {
		if i > 0 {
			fmt.Fprint(out, ",")
		}
		k, _ := fmt.Fprintf(out, `{
      "id": "CVE-2025-%[1]d",
      "source": {"name": "ghsa", "url": "https://github.com/advisories"},
      "ratings": [
        {"source": {"name": "ghsa"}, "score": 7.5, "severity": "high", "method": "CVSSv31", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
        {"source": {"name": "nvd"}, "score": 7.5, "severity": "high", "method": "CVSSv31", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}
      ],
      "cwes": [476],
      "description": "A request with many headers stops the server, which does not look at what it allocates for them before it has read them all.",
      "recommendation": "Upgrade package-%[2]d to version 2.0.0",
      "advisories": [{"url": "https://example.org/a/%[1]d"}, {"url": "https://example.org/b/%[1]d"}, {"url": "https://example.org/c/%[1]d"}],
      "published": "2025-06-17T20:15:00+00:00",
      "affects": [{"ref": "pkg:npm/package-%[2]d@1.%[2]d.0", "versions": [{"version": "1.%[2]d.0", "status": "affected"}]}]
    }`, 10000+i, i%n)
		written += k
	}
	fmt.Fprint(out, `]}`)
}
