// Package versions orders versions as their ecosystem does: a release of Debian, a pre-release of PyPI and a pseudo-version of Go each
// have an order of their own.
package versions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// ErrNoOrder means that the order of an ecosystem's versions is not known.
var ErrNoOrder = errors.New("the order of its versions is not known")

// ecosystems are the names that the library knows ecosystems by, by the type of package URLs. Of an rpm the distribution does not
// matter: all are ordered as rpm does.
var ecosystems = map[string]string{
	"alpine": "Alpine", "apk": "Alpine", "bitnami": "Bitnami", "cargo": "crates.io", "composer": "Packagist", "conan": "ConanCenter",
	"cran": "CRAN", "deb": "Debian", "gem": "RubyGems", "golang": "Go", "hackage": "Hackage", "hex": "Hex", "julia": "Julia", "maven": "Maven",
	"npm": "npm", "nuget": "NuGet", "pub": "Pub", "pypi": "PyPI", "rpm": "Red Hat", "swift": "SwiftURL",
}

// longest bounds a version: some orders take quadratic time.
const longest = 256

// A Version is one that has a place in the order of its ecosystem.
type Version struct{ parsed semantic.Version }

// Parse reads a version of an ecosystem, which is the type of a package URL ("maven", "deb"). An error means that nothing can be said of
// its order.
func Parse(ecosystem, version string) (Version, error) {
	name := ecosystems[strings.ToLower(ecosystem)]
	if name == "" {
		return Version{}, fmt.Errorf("%s: %w", ecosystem, ErrNoOrder)
	}
	if version == "" || len(version) > longest || !strings.ContainsAny(version, "0123456789") {
		return Version{}, fmt.Errorf("%s %q: %w", ecosystem, version, ErrNoOrder)
	}
	v, err := semantic.Parse(version, name)
	if err != nil {
		return Version{}, fmt.Errorf("%s %q: %w", ecosystem, version, err)
	}
	return Version{v}, nil
}

// Compare orders two versions of one ecosystem: below 0 if v is the earlier. An error means that nothing can be said of their order,
// which is not that they are equal.
func (v Version) Compare(w Version) (int, error) { return v.parsed.Compare(w.parsed) }

// Compare orders two versions of an ecosystem as they are written: see Parse and Version.Compare.
func Compare(ecosystem, a, b string) (int, error) {
	v, err := Parse(ecosystem, a)
	if err != nil {
		return 0, err
	}
	w, err := Parse(ecosystem, b)
	if err != nil {
		return 0, err
	}
	return v.Compare(w)
}
