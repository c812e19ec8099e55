#!/bin/sh
# Makes the reports that real tools write: gosec.sarif, gitleaks.sarif and govulncheck.json.
# The image reports (trivy-image.json, trivy-edge.json, grype-image.json) are written by hand: see README.md.
#
# Reports carry the paths of the folder that was scanned, so the tools run on a copy in /src/checkout, as in the build container.
# Needs Go and the network for the tools; the vulnerability database is the small one in ../vulndb.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tools=$(mktemp -d)
src=/src/checkout db=/src/vulndb
if [ -e "$src" ] || [ -e "$db" ]; then
	echo "regenerate.sh: $src or $db exists already; remove it first" >&2
	exit 1
fi
trap 'rm -rf "$tools" "$src" "$db"' EXIT

export GOBIN="$tools"
go install -ldflags "-X main.Version=2.22.10" github.com/securego/gosec/v2/cmd/gosec@v2.22.10
go install github.com/zricethezav/gitleaks/v8@v8.30.1
go install golang.org/x/vuln/cmd/govulncheck@v1.5.0

mkdir -p "$src"
(cd "$here" && cp -R go.mod go.sum main.go Dockerfile config orders receipts session services "$src"/ && cp -R ../vulndb "$db")
cd "$src"

# gosec and gitleaks end with 1 when they find something; a report that is not there is the failure.
"$tools/gosec" -quiet -track-suppressions -fmt sarif -out gosec.sarif ./... || test -s gosec.sarif
"$tools/gitleaks" dir . --no-banner --report-format sarif --report-path gitleaks.sarif || test -s gitleaks.sarif
"$tools/govulncheck" -C "$src" -db "file://$db" -format json ./... >govulncheck.json

cp gosec.sarif gitleaks.sarif govulncheck.json "$here/reports/"
