package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// planted is what marks the values of secrets in testdata/planted, in which every place of a format that can quote one does.
var planted = regexp.MustCompile(`(?i)planted|4f1c9e7a2b`)

// plantedReports are the reports of testdata/planted by their names.
func plantedReports(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "planted", "*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d reports with planted secrets: %v", len(files), err)
	}
	all := map[string]string{}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = string(content)
	}
	return all
}

func TestNoValueOfASecretLeavesIngest(t *testing.T) {
	for name, doc := range plantedReports(t) {
		in, err := Read("scan", strings.NewReader(doc), Options{Repository: "acme/shop"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(in.Discoveries) == 0 || !planted.MatchString(doc) {
			t.Errorf("%s plants nothing", name)
		}
		for what, v := range map[string]any{"read as": in, "a report": in.Report, "discoveries": in.Discoveries} {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if at := planted.FindIndex(text); at != nil {
				t.Errorf("%s, %s: …%s…", name, what, text[max(0, at[0]-120):min(len(text), at[1]+40)])
			}
			if text := fmt.Sprintf("%+v", v); planted.MatchString(text) {
				t.Errorf("%s, %s: %s", name, what, text)
			}
		}
	}
}

func TestNoErrorQuotesTheValueOfASecret(t *testing.T) {
	for name, doc := range plantedReports(t) {
		var broken []string
		for i := 0; i < len(doc); i += 31 {
			broken = append(broken, doc[:i], doc[:i]+"\x00"+doc[i:], doc[:i]+"\xff"+doc[i:], doc[:i]+"&x;<"+doc[i:])
		}
		for _, old := range []string{`"PLANTED`, `PLANTED`} {
			for _, with := range []string{`7`, `\uD800PLANTED`, `PLANTED` + "\n" + `PLANTED`, `</PLANTED><PLANTED a="PLANTED`} {
				broken = append(broken, strings.Replace(doc, old, with, 1))
			}
		}
		broken = append(broken, doc+"PLANTED", doc+`"PLANTED"`, strings.ReplaceAll(doc, `{`, `[`), string(bytes.ToUpper([]byte(doc))))
		refusals := 0
		for _, b := range broken {
			if _, err := Read("scan", strings.NewReader(b), Options{}); err != nil {
				refusals++
				if planted.MatchString(err.Error()) {
					t.Fatalf("%s is refused with %q", name, err)
				}
			}
		}
		if refusals < len(doc)/31 {
			t.Errorf("%s: only %d of %d broken reports are refused", name, refusals, len(broken))
		}
	}
}
