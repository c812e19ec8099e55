package evidence

import _ "embed"

// The JSON Schemas of what evidence is made of, version 1: the statement of a run with its predicate, a record, a receipt, and what came of
// verifying.
var (
	//go:embed evidence.schema.json
	StatementSchema []byte
	//go:embed record.schema.json
	RecordSchema []byte
	//go:embed receipt.schema.json
	ReceiptFormat []byte
	//go:embed verification.schema.json
	VerificationFormat []byte
)
