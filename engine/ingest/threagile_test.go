package ingest

import "testing"

func TestThreagileRisksAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "threagile-risks.json", Options{Repository: "acme/shop"})
}
