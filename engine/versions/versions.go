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

// Compare orders two versions of an ecosystem, which is the type of a package URL ("maven", "deb"): below 0 if a is the earlier. An
// error means that nothing can be said of their order, which is not that they are equal.
func Compare(ecosystem, a, b string) (int, error) {
	name := ecosystems[strings.ToLower(ecosystem)]
	if name == "" {
		return 0, fmt.Errorf("%s: %w", ecosystem, ErrNoOrder)
	}
	for _, v := range []string{a, b} {
		if v == "" || len(v) > longest || !strings.ContainsAny(v, "0123456789") {
			return 0, fmt.Errorf("%s %q: %w", ecosystem, v, ErrNoOrder)
		}
	}
	v, err := semantic.Parse(a, name)
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", ecosystem, a, err)
	}
	order, err := v.CompareStr(b)
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", ecosystem, b, err)
	}
	return order, nil
}
