package engine

import "time"

// The sorts of fixes.
const (
	FixUpgrade   = "upgrade"   // a package, to a version without the weaknesses
	FixRebuild   = "rebuild"   // an image, on a base whose packages are fixed
	FixCode      = "code"      // code of one file
	FixRotate    = "rotate"    // a secret
	FixConfigure = "configure" // a resource or a file of settings
	FixReplace   = "replace"   // a package whose licence does not fit
)

// An Effort is how much work a fix is.
type Effort string

// The efforts. That of an upgrade is how far it jumps: the first of the numbers that it changes.
const (
	EffortPatch          Effort = "patch"
	EffortMinor          Effort = "minor"
	EffortMajor          Effort = "major"
	EffortCode           Effort = "code"
	EffortInfrastructure Effort = "infrastructure"
	EffortRotate         Effort = "rotate"
)

// Efforts are all efforts.
var Efforts = []Effort{EffortPatch, EffortMinor, EffortMajor, EffortCode, EffortInfrastructure, EffortRotate}

// A Fix is one thing to do that clears cases. What is exempted (waived, or not affected or fixed by VEX) is not what it is planned for:
// it stands in Exempted and Findings only.
type Fix struct {
	ID     string   `json:"id"`               // the same in every run: it is over what is fixed and where, never over versions
	Fix    string   `json:"fix"`              // upgrade, rebuild, code, rotate, configure or replace
	Target string   `json:"target"`           // package URL or name, image, path, type of secret, or resource
	Name   string   `json:"name"`             // of the target, as people write it
	Rule   string   `json:"rule,omitempty"`   // that finds it: of a code change, a configuration and a licence
	Image  string   `json:"image,omitempty"`  // that it is in, without tag; absent: it is in the repository
	Images []string `json:"images,omitempty"` // that have it as well, and have to be built anew afterwards
	From   []string `json:"from,omitempty"`   // versions found
	To     string   `json:"to,omitempty"`     // the least version that clears all; of several moves the highest
	Moves  []Move   `json:"moves,omitempty"`  // where what is installed in several versions has fixes nearer than To
	Fixed  []string `json:"fixed,omitempty"`  // versions that fix single findings, where their order is not known: then there is no To
	Direct *bool    `json:"direct,omitempty"` // false: the package comes through another one, which has to be upgraded or overruled
	At     []string `json:"at,omitempty"`     // places, the first few: "pom.xml", "open.go:41"
	Effort Effort   `json:"effort,omitempty"` // absent: not known, since versions are not
	Why    string   `json:"why,omitempty"`    // why its worst case is what it is
	How    []string `json:"how,omitempty"`    // commands or advice
	Assets []string `json:"assets"`           // that have the cases, by id
	Owners []string `json:"owners,omitempty"` // of those

	Packages []PackageMove `json:"packages,omitempty"` // of a rebuild: what the new base has to bring

	Due      time.Time `json:"due,omitzero"`      // the earliest of its cases
	Overdue  int       `json:"overdue,omitempty"` // cases past their date
	Exempted int       `json:"exempted,omitempty"`

	Clears          map[string]int `json:"clears"`                     // cases, by priority
	PathsCut        int            `json:"paths_cut,omitempty"`        // attack paths that are gone once this fix alone is made
	CutsOff         []string       `json:"cuts_off,omitempty"`         // crown jewels that then nothing leads to, by id
	Cumulative      float64        `json:"cumulative"`                 // share of all act and attend cleared by this fix and those before it
	PathsCumulative int            `json:"paths_cumulative,omitempty"` // attack paths that are gone once this fix and those before it are made; at least so many where there are very many
	Findings        []string       `json:"findings"`                   // that it clears, by id

	Tickets []FixTicket `json:"tickets,omitempty"` // that it has in a tracker, as they were when the result was published; absent: not known
}

// A FixTicket is a ticket for a fix.
type FixTicket struct {
	Ref        string `json:"ref"` // PAY-12
	URL        string `json:"url,omitempty"`
	Status     string `json:"status,omitempty"`     // as the tracker calls it
	Resolution string `json:"resolution,omitempty"` // likewise; absent: it has none
	For        string `json:"for,omitempty"`        // the asset or team that it is for; absent: all that the fix is for
}

// A Move is an upgrade from one installed version.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A PackageMove is an upgrade of one package among others.
type PackageMove struct {
	Name string   `json:"name"`
	From []string `json:"from,omitempty"`
	To   string   `json:"to,omitempty"` // absent: the order of the versions that fix is not known
}

// A NoFix is cases that no known fix clears.
type NoFix struct {
	Target   string         `json:"target"` // package URL or name, or what else it is
	Name     string         `json:"name"`
	Image    string         `json:"image,omitempty"`
	From     []string       `json:"from,omitempty"`
	Why      string         `json:"why"`     // there is none
	Instead  string         `json:"instead"` // what to do until there is
	Assets   []string       `json:"assets"`
	Cases    map[string]int `json:"cases"` // by priority
	Findings []string       `json:"findings"`
}
