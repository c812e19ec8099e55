module github.com/headgate/headgate

go 1.26.3

toolchain go1.26.8

require (
	github.com/agnivade/levenshtein v1.2.1 // suggestions for misspelt words
	github.com/andygrunwald/go-jira v1.17.0 // requests to Jira and their answers
	github.com/bluekeyes/go-gitdiff v0.8.1 // patches as git writes them, with quoted names and renames
	github.com/bmatcuk/doublestar/v4 v4.9.1 // path globs with **, for assets and expected reports
	github.com/chromedp/cdproto v0.0.0-20250724212937-08a3db8b4327 // tests: the words that chromedp speaks with a browser
	github.com/chromedp/chromedp v0.14.2 // tests: the page in a real browser
	github.com/defenseunicorns/go-oscal v0.7.1 // OSCAL assessment results, as types; in tests also its schemas
	github.com/distribution/reference v0.6.0 // image references, parsed as registries do
	github.com/getkin/kin-openapi v0.152.0 // tests: requests and answers held to the OpenAPI documents of GitHub and Jira
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // JSON as a stream of tokens, strict about UTF-8 and duplicate names
	github.com/google/go-github/v60 v60.0.0 // the REST API of GitHub, typed
	github.com/google/osv-scalibr v0.5.3 // the order of versions in each ecosystem (package semantic alone)
	github.com/hmarr/codeowners v1.2.1 // CODEOWNERS, matched as code hosts match it
	github.com/jackc/pgx/v5 v5.12.0 // ledgers that several runners share, in PostgreSQL: pools and COPY
	github.com/klauspost/compress v1.20.3 // evidence: lists of records and inputs in Zstandard
	github.com/open-policy-agent/opa v1.22.2 // policies in Rego: checked, compiled and evaluated
	github.com/opencontainers/go-digest v1.0.0 // registries: what oras-go names contents by
	github.com/opencontainers/image-spec v1.1.1 // registries: what oras-go names manifests and layers by
	github.com/package-url/packageurl-go v0.1.7 // package URLs, by their specification
	github.com/pandatix/go-cvss v0.6.4 // CVSS v2 to v4: vectors and scores
	github.com/riverqueue/river v0.51.1 // sweeps on several machines: jobs in the ledger's PostgreSQL, done in one transaction with their completion (MPL-2.0, unchanged)
	github.com/riverqueue/river/riverdriver v0.51.1 // the same: what gives back the jobs of a worker that has ended
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.51.1 // the same, through pgx
	github.com/riverqueue/river/rivertype v0.51.1 // the same: states and errors of jobs
	github.com/rivo/uniseg v0.4.7 // the width of text in a terminal
	github.com/rogpeppe/go-internal v1.16.0 // differences of texts (diff); tests: stories of commands and files (testscript)
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // tests: outputs and schemas are valid JSON Schema
	github.com/secure-systems-lab/go-securesystemslib v0.11.1 // evidence: envelopes of signed statements (package dsse alone)
	github.com/sethvargo/go-githubactions v1.3.1 // the environment of a workflow's runner, its masks and annotations
	github.com/spf13/cobra v1.10.2 // commands, help and completion
	github.com/spf13/pflag v1.0.10 // the flags of cobra
	github.com/vektah/gqlparser/v2 v2.5.58 // tests: GraphQL documents are valid for what GitHub publishes
	github.com/yuin/goldmark v1.7.13 // tests: what Markdown output becomes on a page
	go.yaml.in/yaml/v3 v3.0.5 // settings and assets, with line numbers for errors
	golang.org/x/mod v0.42.0 // evidence: Merkle trees and signed notes (packages sumdb/tlog and sumdb/note)
	golang.org/x/net v0.60.0 // tests: what Markdown output becomes, as a browser reads it
	golang.org/x/sync v0.24.0 // work on all cores, stopped by the first error
	golang.org/x/sys v0.49.0 // what the processor can do (package cpu alone)
	golang.org/x/term v0.47.0 // whether output is a terminal, and how wide
	golang.org/x/text v0.43.0 // reports in UTF-16
	gonum.org/v1/gonum v0.17.0 // graphs: dominators, shortest paths, strongly connected parts
	modernc.org/sqlite v1.60.1 // ledgers in one file: SQLite without a C compiler
	oras.land/oras-go/v2 v2.6.2 // bundles from OCI registries, with the credentials of docker
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/chromedp/sysutil v1.1.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/fatih/structs v1.1.0 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/gobwas/glob v1.0.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/gobwas/ws v1.4.0 // indirect
	github.com/goccy/go-json v0.10.6 // indirect
	github.com/golang-jwt/jwt/v4 v4.5.2 // indirect
	github.com/google/go-querystring v1.1.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/lestrrat-go/blackmagic v1.0.4 // indirect
	github.com/lestrrat-go/dsig v1.4.0 // indirect
	github.com/lestrrat-go/dsig-secp256k1 v1.0.0 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc/v3 v3.0.6 // indirect
	github.com/lestrrat-go/jwx/v3 v3.3.0 // indirect
	github.com/lestrrat-go/option/v2 v2.0.0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.0.0 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/riverqueue/river/rivershared v0.51.1 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/sirupsen/logrus v1.10.2 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.2.0 // indirect
	github.com/tidwall/pretty v1.2.1 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	github.com/trivago/tgo v1.0.7 // indirect
	github.com/valyala/fastjson v1.6.10 // indirect
	github.com/xeipuuv/gojsonpointer v0.0.0-20190905194746-02993c407bfb // indirect
	github.com/xeipuuv/gojsonreference v0.0.0-20180127040603-bd5ef7bd5415 // indirect
	github.com/yashtewari/glob-intersection v0.2.0 // indirect
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	modernc.org/libc v1.77.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
