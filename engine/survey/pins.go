package survey

// A Pin is the commit of an action that workflows use, since a tag can be moved, and the version that it is: "unreleased" for a commit that
// no version was made of.
type Pin struct{ Commit, Version string }

// Pins are the actions that are used in whatever this project writes or shows to copy, and their commits: a test holds all of them to this
// table, and puts it there with -update.
var Pins = map[string]Pin{
	"actions/checkout":          {"3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"},
	"actions/setup-go":          {"b7ad1dad31e06c5925ef5d2fc7ad053ef454303e", "v7.0.0"},
	"actions/upload-artifact":   {"043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"},
	"aquasecurity/trivy-action": {"57a97c7e7821a5776cebc9bb87c984fa69cba8f1", "0.35.0"},
	"github/codeql-action":      {"db488ddef3bf6cb639b32c2e9a7c0a7ea8271d28", "v4.37.8"},
	"headgate/headgate":         {"35bf4f87d766b45a36a38d1db66de716ba49c2fc", "unreleased"},
}

// The versions of scanners that are no actions. Trivy is the one that its action above runs.
const (
	trivyVersion       = "0.69.3"
	govulncheckVersion = "v1.5.0"
	semgrepVersion     = "1.177.0"
)

// use is a line that uses an action.
func use(action string) string {
	p := Pins[action]
	return "uses: " + action + "@" + p.Commit + " # " + p.Version
}
