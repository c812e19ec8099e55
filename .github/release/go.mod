module github.com/headgate/headgate/.github/release

go 1.26.3

require (
	github.com/CycloneDX/cyclonedx-go v0.12.0 // the SBOM of a release
	github.com/google/licensecheck v0.3.1 // which licence a text is
	github.com/opencontainers/go-digest v1.0.0 // the image: what its parts go by
	github.com/opencontainers/image-spec v1.1.1 // the image: its documents, as types
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // tests: the SBOM is valid
	golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d // the image: certificates of public authorities
)

require golang.org/x/text v0.14.0 // indirect
