package engine

import "time"

// ResultSchema names the version of the result file.
const ResultSchema = "headgate.result/1"

// FindingsSchema names the version of what `headgate findings -o json` writes.
const FindingsSchema = "headgate.findings/1"

// A Result is everything that one run came to. Every output is a rendering of it. Its cases are ordered by urgency, then id: the
// same inputs give the same bytes.
type Result struct {
	Schema   string        `json:"schema"`
	Outcome  Action        `json:"outcome"`
	Now      time.Time     `json:"now"`
	Change   RunChange     `json:"change"`
	Engine   Versions      `json:"engine"`
	Policy   PolicyInfo    `json:"policy"`
	Intel    IntelInfo     `json:"intel"`
	Reports  []Report      `json:"reports"`
	Scanned  []Report      `json:"scanned,omitempty"` // by earlier runs, which found what is open: of a result that was made without a scan, and has no Reports
	Expected []Expected    `json:"expected,omitempty"`
	Weakened []string      `json:"weakened"`
	Counts   Counts        `json:"counts"`
	Gate     GateResult    `json:"gate"`
	Cases    []Case        `json:"cases"`
	Fixed    []Finding     `json:"fixed,omitempty"`
	Waivers  *WaiverReport `json:"waivers,omitempty"`
	Graph    *Graph        `json:"graph,omitempty"`
	Paths    []AttackPath  `json:"paths,omitempty"`
	Plan     []Fix         `json:"plan,omitempty"`
	NoFix    []NoFix       `json:"no_fix,omitempty"`
	Proposed *Proposal     `json:"proposed,omitempty"` // absent: the change under review leaves what judges it as it is, or there is none
}

// A RunChange is what the run was about.
type RunChange struct {
	Event      Event  `json:"event"`
	Repository string `json:"repository,omitempty"`
	Branch     string `json:"branch,omitempty"` // that is decided on, or that a change is to go to; absent: not known
	Base       string `json:"base,omitempty"`   // commit
	Head       string `json:"head,omitempty"`   // commit
	Pull       int    `json:"pull,omitempty"`   // number of the pull request; 0: there is none, or nobody said
}

// Versions are the versions of what decided.
type Versions struct {
	Headgate string `json:"headgate"`
	OPA      string `json:"opa"`

	// SecretsKey says what the digests of secrets, and so the ids of their findings, are made with: SecretsKeyGiven or SecretsKeyDerived.
	// Results that differ in it cannot be compared in these findings. Empty: not known.
	SecretsKey string `json:"secrets_key,omitempty"`
}

// The keys of secrets' digests.
const (
	SecretsKeyGiven   = "given"   // by the user
	SecretsKeyDerived = "derived" // from the target's name, as in a fork's run that does not have the key
)

// A PolicyInfo names the policy that decided. Digest is over the rules of main, lib and all loaded packs, and over their data: tables, and
// parameters with overrides.
type PolicyInfo struct {
	Digest   string   `json:"digest"`
	Revision string   `json:"revision,omitempty"`
	Source   string   `json:"source,omitempty"`
	Packs    []string `json:"packs"`
}

// An IntelInfo names the threat data that was used; a feed that was not loaded is absent.
type IntelInfo struct {
	KEV  *FeedInfo `json:"kev,omitempty"`
	EPSS *FeedInfo `json:"epss,omitempty"`
	SSVC *FeedInfo `json:"ssvc,omitempty"`

	EUVD      *FeedInfo `json:"euvd,omitempty"`
	VulnCheck *FeedInfo `json:"vulncheck,omitempty"`
}

// Feed is what is named of one feed, by its name in the result; nil if it was not loaded.
func (i *IntelInfo) Feed(name string) *FeedInfo {
	return *i.place(name)
}

// Set names one feed, by its name in the result.
func (i *IntelInfo) Set(name string, info *FeedInfo) { *i.place(name) = info }

func (i *IntelInfo) place(name string) **FeedInfo {
	switch name {
	case "kev":
		return &i.KEV
	case "epss":
		return &i.EPSS
	case "ssvc":
		return &i.SSVC
	case "euvd":
		return &i.EUVD
	case "vulncheck":
		return &i.VulnCheck
	}
	return new(*FeedInfo)
}

// A FeedInfo pins one feed. KEV has a catalog version, EPSS a model.
type FeedInfo struct {
	Catalog string    `json:"catalog,omitempty"`
	Model   string    `json:"model,omitempty"`
	Date    time.Time `json:"date,omitzero"`
	Entries int       `json:"entries"`
	Digest  string    `json:"digest"`
}

// A Report says what was read. Results counts what the file lists, Findings what it amounts to by the format's own rules, before
// reports are correlated.
type Report struct {
	Name       string    `json:"name"`
	Format     string    `json:"format"`
	Tool       string    `json:"tool,omitempty"`
	Version    string    `json:"version,omitempty"`
	Digest     string    `json:"digest"`
	Time       time.Time `json:"time,omitzero"` // when the scan ran, if the report says so
	Complete   bool      `json:"complete"`
	Incomplete string    `json:"incomplete,omitempty"` // why it is not complete
	Allowed    bool      `json:"allowed,omitempty"`    // incomplete, but allowed by name
	Note       string    `json:"note,omitempty"`       // why nothing of what it lists is a finding
	Results    int       `json:"results"`
	Findings   int       `json:"findings"`
	Targets    []string  `json:"targets,omitempty"` // what was looked at, also where nothing was found, as Target.String has it; absent: not said
}

// An Expected is a report that the settings expect, and what became of it.
type Expected struct {
	Tool   string `json:"tool,omitempty"`
	Asset  string `json:"asset,omitempty"`
	Path   string `json:"path,omitempty"`
	MaxAge string `json:"max_age,omitempty"`
	Status string `json:"status"`           // met, missing, stale or incomplete
	Report string `json:"report,omitempty"` // the report that meets it
}

// Counts sum a run up.
type Counts struct {
	Findings     int `json:"findings"`
	Cases        int `json:"cases"`
	Act          int `json:"act"`
	Attend       int `json:"attend"`
	TrackStar    int `json:"track*"`
	Track        int `json:"track"`
	Block        int `json:"block"`
	Warn         int `json:"warn"`
	Pass         int `json:"pass"`
	Waived       int `json:"waived"`     // cases whose action was lowered by an exemption
	Introduced   int `json:"introduced"` // cases that the change brought, or whose status is not known
	Existing     int `json:"existing"`
	Disclosed    int `json:"disclosed"`
	Fixed        int `json:"fixed"`
	Overdue      int `json:"overdue"`
	UnknownFacts int `json:"unknown_facts"` // facts that apply to a case, that the policy can read, and that are absent

	IntroducedAct    int  `json:"introduced_act"`               // introduced cases that are act
	OldestWaivedDays *int `json:"oldest_waived_days,omitempty"` // age of the oldest waived case; absent: none has a known age
}

// oldestWaived notes the age of a waived case.
func (n *Counts) oldestWaived(h *History) {
	if h != nil && (n.OldestWaivedDays == nil || h.AgeDays > *n.OldestWaivedDays) {
		n.OldestWaivedDays = new(h.AgeDays)
	}
}

// A GateResult is what the policy says of the run as a whole. It can only tighten what the cases come to.
type GateResult struct {
	Reasons []Reason `json:"reasons"`
}

// A WaiverReport lists waivers that need someone, each list by id.
type WaiverReport struct {
	Expired    []WaiverNote `json:"expired"`    // past their expiry, or past the policy's maximum for every case they match
	Expiring   []WaiverNote `json:"expiring"`   // soon so
	Lapsed     []WaiverNote `json:"lapsed"`     // do not hold for a case in their scope, since a guard does not
	Unused     []WaiverNote `json:"unused"`     // in force, and no case is in their scope
	Unverified []WaiverNote `json:"unverified"` // requester or approver cannot be proven
}

// A WaiverNote is one waiver that needs someone, and why.
type WaiverNote struct {
	ID  string `json:"id"`
	Why string `json:"why"`
	At  string `json:"at,omitempty"` // file and line
}

// An AttackPath leads from an exposed asset to a crown jewel: the shortest of its routes, a validated one first.
type AttackPath struct {
	Assets []string   `json:"assets"`           // by id; the first is exposed to the internet, the last is the jewel
	Status string     `json:"status"`           // validated or potential
	Steps  []PathStep `json:"steps"`            // onto each of the assets
	Others [][]string `json:"others,omitempty"` // further routes between the two, the shortest first; there may be more
}

// A PathStep is how an attacker gets onto one asset of a path: through findings, or along a trusted edge.
type PathStep struct {
	Findings []string `json:"findings,omitempty"` // that open the step, by id; bounded
	More     int      `json:"more,omitempty"`     // findings that open it too and are not listed
	Trusted  EdgeKind `json:"trusted,omitempty"`  // the edge that leads past any finding
	Proven   bool     `json:"proven,omitempty"`   // a finding that opens it was exploited, or is loaded at run time and reachable
}

// A Graph is what attack paths were looked for in, and what is true of all of them.
type Graph struct {
	Digest      string       `json:"digest"` // of assets, edges, jewels, coverage and the findings that open steps
	Assets      int          `json:"assets"`
	Edges       int          `json:"edges"`
	Entries     int          `json:"entries"`
	Jewels      []string     `json:"jewels"`              // crown jewels, by id
	Paths       int          `json:"paths"`               // pairs of an exposed asset and a jewel that a way leads between
	Validated   int          `json:"validated"`           // those of them with a validated way
	Uncovered   []string     `json:"uncovered,omitempty"` // assets on candidate paths that no complete scan of this run looked at
	ChokePoints []ChokePoint `json:"choke_points,omitempty"`
	Cuts        []Cut        `json:"cuts,omitempty"`
}

// A ChokePoint is an asset that all ways to some jewels lead over.
type ChokePoint struct {
	Asset  string   `json:"asset"`
	Jewels []string `json:"jewels"`
}

// A Cut is a smallest set of assets that, once nothing opens the steps onto them, leave no way to a jewel.
type Cut struct {
	Jewel  string   `json:"jewel"`
	Assets []string `json:"assets"`
}
