package engine

// An Asset is a component, service, repository, image, host or data store that findings are on. It is the `asset` of the input
// document; what is not known is absent.
type Asset struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	Type        string `json:"type,omitempty"` // service, image, repository, host, datastore or library
	Owner       string `json:"owner,omitempty"`
	Criticality string `json:"criticality,omitempty"` // mission_critical, business_critical, operational or low
	Mission     string `json:"mission,omitempty"`     // SSVC mission prevalence: minimal, support or essential
	WellBeing   string `json:"well_being,omitempty"`  // SSVC public well-being impact: minimal, material or irreversible
	Safety      string `json:"safety,omitempty"`      // SSVC safety impact: negligible, marginal, critical or catastrophic
	// SSVC value density: concentrated where one target is rich in what an attacker wants, diffuse where each has little.
	ValueDensity string            `json:"value_density,omitempty"`
	Requirements *Requirements     `json:"requirements,omitempty"`
	Data         []string          `json:"data,omitempty"`        // data classes, e.g. pii, pci, phi, credentials
	Environment  string            `json:"environment,omitempty"` // production, staging or development
	Exposure     string            `json:"exposure,omitempty"`    // internet, partner, internal or isolated
	Tags         map[string]string `json:"tags,omitempty"`
}

// Requirements are the security requirements of CVSS: how much it means to the business that the asset keeps its confidentiality,
// integrity and availability, each high, medium or low. What is not stated counts as medium, as CVSS has it.
type Requirements struct {
	Confidentiality string `json:"confidentiality,omitempty"`
	Integrity       string `json:"integrity,omitempty"`
	Availability    string `json:"availability,omitempty"`
}

// An EdgeKind says what makes an edge.
type EdgeKind string

// The kinds of edges. Those but network are trusted unless stated otherwise: whoever is on the one asset has the other.
const (
	EdgeNetwork     EdgeKind = "network"             // can send it requests
	EdgeDeploys     EdgeKind = "deploys"             // decides what runs there
	EdgeCredentials EdgeKind = "uses_credentials_of" // holds what opens it
	EdgeData        EdgeKind = "reads_data_of"       // may read what it holds
)

// EdgeKinds are all kinds of edges.
var EdgeKinds = []EdgeKind{EdgeNetwork, EdgeDeploys, EdgeCredentials, EdgeData}

// An Edge leads from one asset to another that an attacker can go on to.
type Edge struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Kind    EdgeKind `json:"kind"`
	Trusted bool     `json:"trusted,omitempty"` // no finding is needed to get there
	Source  string   `json:"source,omitempty"`  // file and line that state it
}
