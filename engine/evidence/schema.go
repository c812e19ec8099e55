package evidence

import _ "embed"

// The JSON Schemas of what evidence is made of, version 1: the statement of a run with its predicate, a record, a receipt, what came of
// verifying and of deciding again, a decision that is shown, a population and a sample. Those that are shown and sampled refer to the schema of
// a record.
var (
	//go:embed evidence.schema.json
	StatementSchema []byte
	//go:embed record.schema.json
	RecordSchema []byte
	//go:embed receipt.schema.json
	ReceiptFormat []byte
	//go:embed verification.schema.json
	VerificationFormat []byte
	//go:embed replay.schema.json
	ReplayFormat []byte
	//go:embed shown.schema.json
	ShownFormat []byte
	//go:embed population.schema.json
	PopulationFormat []byte
	//go:embed sample.schema.json
	SampleFormat []byte
)
