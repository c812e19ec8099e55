package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/engine/waiver"
)

//go:embed settings.schema.json
var settingsSchema []byte

//go:embed version.schema.json
var versionSchema []byte

// schemas are the JSON Schemas that ship.
var schemas = []struct {
	name, what string
	text       func() []byte
}{
	{"input", "what a policy sees of one case", func() []byte { return engine.InputSchema }},
	{"summary", "what data.main.gate sees of a run", func() []byte { return engine.SummarySchema }},
	{"waivers", "waivers.yaml: accepted risks", func() []byte { return waiver.Schema }},
	{"result", "the result file", report.ResultSchema},
	{"findings", "what headgate findings -o json writes", report.FindingsSchema},
	{"explanation", "what headgate explain -o json writes", report.ExplanationSchema},
	{"plan", "what headgate plan -o json writes", report.PlanSchema},
	{"scope", "what headgate scope -o json writes", report.ScopeSchema},
	{"simulation", "what headgate policy simulate -o json writes", report.SimulationSchema},
	{"intel-held", "what headgate intel show -o json writes", func() []byte { return intelSchema }},
	{"diagnosis", "what headgate doctor -o json writes", func() []byte { return doctorSchema }},
	{"reassessment", "what headgate reassess -o json writes", func() []byte { return sweep.Format }},
	{"publication", "what headgate publish -o json writes", report.PublicationSchema},
	{"notification", "what a webhook of the settings is sent", report.NotificationSchema},
	{"evidence", "the statement of a run and its predicate, in evidence", func() []byte { return evidence.StatementSchema }},
	{"record", "a record of evidence", func() []byte { return evidence.RecordSchema }},
	{"receipt", "what headgate evidence receipt writes", func() []byte { return evidence.ReceiptFormat }},
	{"verification", "what headgate evidence verify -o json writes", func() []byte { return evidence.VerificationFormat }},
	{"replay", "what headgate evidence replay -o json writes", func() []byte { return evidence.ReplayFormat }},
	{"shown", "what headgate evidence show -o json writes", func() []byte { return withRecords(evidence.ShownFormat) }},
	{"population", "what headgate evidence population -o json writes", func() []byte { return evidence.PopulationFormat }},
	{"sample", "what headgate evidence sample -o json writes", func() []byte { return withRecords(evidence.SampleFormat) }},
	{"fedramp-vdr", "what headgate gate -o fedramp-vdr and fedramp-history write", report.FedRAMPSchema},
	{"version", "what headgate version -o json writes", func() []byte { return versionSchema }},
	{"kpi", "what headgate report -o json writes", kpi.JSONSchema},
	{"headgate", "the settings, .headgate/headgate.yaml", func() []byte { return settingsSchema }},
	{"assets", "the assets, .headgate/assets.yaml", scope.AssetsSchema},
	{"validations", "what was proven, .headgate/validations.yaml", func() []byte { return scope.ValidationsSchema }},
}

// withRecords is a schema that refers to the one of records, with that in it.
func withRecords(schema []byte) []byte {
	return report.Bundled(schema, map[string][]byte{"record-1": evidence.RecordSchema})
}

func newSchemaCommand(a *app) *cobra.Command {
	var names []string
	long := "Prints a JSON Schema:\n"
	for _, s := range schemas {
		names = append(names, s.name)
		long += fmt.Sprintf("  %-12s %s\n", s.name, s.what)
	}
	return &cobra.Command{
		Use:       "schema " + strings.Join(names, "|"),
		Short:     "Print the JSON Schema of a document that Headgate reads or writes",
		Long:      long,
		ValidArgs: names,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, s := range schemas {
				if s.name == args[0] {
					_, err := a.stdout.Write(s.text())
					return err
				}
			}
			return nil // ValidArgs has refused all other names
		},
	}
}
