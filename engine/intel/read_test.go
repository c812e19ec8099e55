package intel_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/intel"
)

func TestEveryFeedIsToldByItsContent(t *testing.T) {
	for want, text := range map[intel.Feed]string{intel.FeedKEV: kevText, intel.FeedEPSS: epssText, intel.FeedSSVC: ssvcText} {
		for form, text := range map[string]string{"plain": text, "gzip": zip(text), "byte order mark": "\xef\xbb\xbf" + text} {
			feed, held, err := intel.Read(strings.NewReader(text))
			if err != nil || feed != want || held.Feed(feed) == nil {
				t.Errorf("%s, %s: %q, %v", want, form, feed, err)
			}
		}
	}
}

func TestFeedsSayWhatTheyAre(t *testing.T) {
	held := everything(t)
	if i := held.KEV.Info; i.Catalog != "2026.11.20" || i.Entries != 3 || !i.Date.Equal(time.Date(2026, 11, 20, 16, 45, 47, 64800000, time.UTC)) {
		t.Errorf("KEV: %+v", i)
	}
	if i := held.EPSS.Info; i.Model != "v2026.06.15" || i.Entries != 4 || !i.Date.Equal(time.Date(2026, 11, 20, 12, 0, 22, 0, time.UTC)) {
		t.Errorf("EPSS: %+v", i)
	}
	if i := held.SSVC.Info; i.Entries != 3 || !i.Date.Equal(time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("SSVC: %+v", i)
	}
}

func TestDigestIsOverTheBytesOfTheFile(t *testing.T) {
	// What sha256sum prints for the file.
	const want = "sha256:" + epssDigest
	if got := readEPSS(t, epssText).Info.Digest; got != want {
		t.Errorf("plain: %s, want %s", got, want)
	}
	if got := readEPSS(t, zip(epssText)).Info.Digest; got == want || !strings.HasPrefix(got, "sha256:") {
		t.Errorf("gzip: %s, want that of the compressed bytes", got)
	}
}

func TestEPSSScoreDateIsReadInEveryPublishedForm(t *testing.T) {
	for _, date := range []string{"2026-11-20T00:00:00+0000", "2026-11-20T00:00:00Z", "2026-11-20"} {
		s := readEPSS(t, strings.Replace(epssText, "2026-11-20T12:00:22Z", date, 1))
		if !s.Info.Date.Equal(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %v", date, s.Info.Date)
		}
	}
}

func TestEPSSWithoutItsFirstLineHasNoModelAndNoDate(t *testing.T) {
	_, rows, _ := strings.Cut(epssText, "\n")
	held := &intel.Snapshot{EPSS: readEPSS(t, rows)}
	if held.EPSS.Info.Model != "" || !held.EPSS.Info.Date.IsZero() {
		t.Errorf("%+v", held.EPSS.Info)
	}
	if epss := held.Lookup([]string{"CVE-2031-10001"}).EPSS; epss.Model != "" || epss.Probability != 0.97565 {
		t.Errorf("%+v", epss)
	}
	if p := held.Provenance([]string{"CVE-2031-10001"})["context.intel.epss"]; p.Source != "EPSS" || !p.At.IsZero() {
		t.Errorf("%+v", p)
	}
}

func TestEPSSNumbersKeepEveryDecimal(t *testing.T) {
	for text, want := range map[string]float64{
		"0.00001": 0.00001, "0.97565": 0.97565, "0.123456789": 0.123456789, "1.00000": 1, "1": 1, "0": 0, "0.0": 0, "5e-05": 0.00005, "0.12345678912": 0.123456789,
	} {
		s := readEPSS(t, "cve,epss,percentile\nCVE-2031-10001,"+text+",0.5\n")
		if got := (&intel.Snapshot{EPSS: s}).Lookup([]string{"CVE-2031-10001"}).EPSS.Probability; got != want {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

func TestEPSSRowsMayComeInAnyOrderAndWithAnyLineEnd(t *testing.T) {
	lines := strings.SplitAfter(epssText, "\n")
	lines[2], lines[5] = lines[5], lines[2]
	s := readEPSS(t, strings.ReplaceAll(strings.Join(lines, ""), "\n", "\r\n"))
	for _, cve := range []string{"CVE-2029-0003", "CVE-2031-10001", "CVE-2031-10002", "CVE-2031-10004"} {
		facts := (&intel.Snapshot{EPSS: s}).Lookup([]string{cve})
		want := (&intel.Snapshot{EPSS: readEPSS(t, epssText)}).Lookup([]string{cve})
		if facts == nil || *facts.EPSS != *want.EPSS {
			t.Errorf("%s: %+v", cve, facts)
		}
	}
}

func TestNewestOfSeveralSetsOfPointsCounts(t *testing.T) {
	metric := func(at, exploitation string) string {
		return `{"other":{"type":"ssvc","content":{"timestamp":"` + at + `","options":[{"Exploitation":"` + exploitation + `"}]}}}`
	}
	text := func(metrics ...string) string {
		return `{"cveMetadata":{"cveId":"CVE-2031-10001"},"containers":{"adp":[{"providerMetadata":{"orgId":"134c704f-9b21-4f2e-91b3-4a467353bcc0"},"metrics":[` +
			strings.Join(metrics, ",") + `]}]}}`
	}
	old, now := metric("2026-01-01T00:00:00Z", "active"), metric("2026-02-01T00:00:00Z", "poc")
	for _, c := range []struct{ text, want string }{
		{text(old, now), "poc"},
		{text(now, old), "poc"},
		{text(now, metric("2026-02-01T00:00:00Z", "none")), "poc"}, // nothing says which is right
		{text(metric("2026-02-01T00:00:00Z", "none"), now), "poc"},
	} {
		if got := (&intel.Snapshot{SSVC: readPoints(t, c.text)}).Lookup([]string{"CVE-2031-10001"}).SSVC; got.Exploitation != c.want || got.Automatable != "" {
			t.Errorf("%+v of %s", got, c.text)
		}
	}
}

func TestPointsOfOthersThanCISAAreNotRead(t *testing.T) {
	other := strings.NewReplacer("134c704f-9b21-4f2e-91b3-4a467353bcc0", "00000000-9b21-4f2e-91b3-4a467353bcc0", "CISA-ADP", "SomeoneElse").
		Replace(record("CVE-2031-10007", "2026-11-19T08:00:00Z", "active", "yes", "total"))
	if facts := (&intel.Snapshot{SSVC: readPoints(t, ssvcText+other)}).Lookup([]string{"CVE-2031-10007"}); facts != nil {
		t.Errorf("%+v", facts.SSVC)
	}
}

func TestWrittenPointsAreReadAsTheyWere(t *testing.T) {
	p := readPoints(t, ssvcText)
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	again := readPoints(t, b.String())
	if again.Info.Entries != p.Info.Entries || !again.Info.Date.Equal(p.Info.Date) {
		t.Errorf("%+v, want %+v", again.Info, p.Info)
	}
	mixed := readPoints(t, b.String()+record("CVE-2031-10008", "2026-11-20T08:00:00Z", "poc", "no", "total"))
	for _, cve := range []string{"CVE-2029-0003", "CVE-2031-10001", "CVE-2031-10002"} {
		want := *(&intel.Snapshot{SSVC: p}).Lookup([]string{cve}).SSVC
		for _, q := range []*intel.Points{again, mixed} {
			if got := (&intel.Snapshot{SSVC: q}).Lookup([]string{cve}); got == nil || *got.SSVC != want {
				t.Errorf("%s: %+v, want %+v", cve, got, want)
			}
		}
	}
	if mixed.Info.Entries != p.Info.Entries+1 {
		t.Errorf("records after written points are not read: %+v", mixed.Info)
	}
}

// The fast reader of written points reads nothing that is not JSON, and loses nothing of what is.
func TestLinesThatAreNearlyAsWrittenAreReadAsJSON(t *testing.T) {
	var b strings.Builder
	if err := readPoints(t, ssvcText).Write(&b); err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(b.String(), "\n")
	for name, bad := range map[string]string{
		"a comma too much":   strings.Replace(line, `"}]}}}`, `"},]}}}`, 1),
		"a comma too few":    strings.Replace(line, `"},{"Auto`, `"}{"Auto`, 1),
		"no value":           strings.Replace(line, `{"Automatable":"yes"}`, `{"Automatable":""}`, 1),
		"a bracket too much": line + "]",
	} {
		if bad == line {
			t.Fatalf("%s: the line is as it was", name)
		}
		_, err := intel.ReadVulnrichment(strings.NewReader(bad + "\n" + rest))
		refused(t, err, "record")
	}
	want := text((&intel.Snapshot{SSVC: readPoints(t, b.String())}).Lookup([]string{"CVE-2029-0003", "CVE-2031-10001", "CVE-2031-10002"}))
	for name, good := range map[string]string{
		"options in another order": strings.Replace(line, `{"Exploitation":"poc"},{"Automatable":"yes"}`, `{"Automatable":"yes"},{"Exploitation":"poc"}`, 1),
		"in other letters":         strings.Replace(line, `"poc"`, `"PoC"`, 1),
		"parts of a second":        strings.Replace(line, `Z","options"`, `.5Z","options"`, 1),
		"a blank":                  strings.Replace(line, `{"dataType"`, `{ "dataType"`, 1),
		"longer than any buffer":   strings.Replace(line, `{"dataType"`, `{"x":"`+strings.Repeat("x", 200_000)+`","dataType"`, 1),
	} {
		if good == line {
			t.Fatalf("%s: the line is as it was", name)
		}
		for _, file := range []string{good + "\n" + rest, rest + good, rest + good + "\n"} {
			if got := text((&intel.Snapshot{SSVC: readPoints(t, file)}).Lookup([]string{"CVE-2029-0003", "CVE-2031-10001", "CVE-2031-10002"})); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}

func TestUnsoundKEVIsRefused(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(kevText, old, new, 1) }
	for name, c := range map[string]struct{ text, words string }{
		"empty":                {"", "the file is empty"},
		"white space":          {" \n\t\n", "the file is empty"},
		"error page":           {"<!DOCTYPE html><html><head><title>Access Denied</title></head></html>\n", "a web page"},
		"error page in gzip":   {zip("<HTML><HEAD>\n<TITLE>Access Denied</TITLE>"), "a web page"},
		"cut":                  {kevText[:len(kevText)/2], "truncated"},
		"cut before its end":   {strings.TrimRight(kevText, "}\n"), "truncated"},
		"gzip cut":             {zip(kevText)[:200], "truncated"},
		"gzip damaged":         {zip(kevText)[:len(zip(kevText))-6] + "abcdef", "damaged"},
		"another feed":         {epssText, "another feed"},
		"not JSON":             {"title: CISA\n", "not valid JSON"},
		"count too high":       {with(`"count": 3`, `"count": 4`), "count says 4, but 3"},
		"count missing":        {with(`"count": 3,`, ``), "count is missing"},
		"no entries":           {`{"catalogVersion":"2026.11.20","dateReleased":"2026-11-20T16:45:47Z","count":0,"vulnerabilities":[]}`, "no vulnerabilities"},
		"duplicate":            {with("CVE-2031-10002", "CVE-2031-10001"), "CVE-2031-10001 is a duplicate"},
		"duplicate, lowercase": {with("CVE-2031-10002", "cve-2031-10001"), "CVE-2031-10001 is a duplicate"},
		"bad CVE id":           {with("CVE-2031-10002", "CVE-31-10002"), `entry 2: "CVE-31-10002" is not a CVE id`},
		"hostile CVE id":       {with("CVE-2031-10002", `\u001b[31m`+strings.Repeat("x", 500)), "is not a CVE id"},
		"bad date":             {with("2026-11-23", "2026-13-23"), `CVE-2031-10002: dueDate "2026-13-23" is not a date`},
		"added in the future":  {with(`"dateAdded": "2026-11-20"`, `"dateAdded": "2026-11-22"`), `CVE-2031-10002: dateAdded "2026-11-22" is after the catalogue was released, on 2026-11-20`},
		"due date missing":     {with(`"dueDate": "2026-11-23",`, ``), "dueDate"},
		"bad release date":     {with("2026-11-20T16:45:47.0648Z", "yesterday"), "dateReleased"},
		"bad version":          {with("2026.11.20", `\u001b]0;x`), "catalogVersion"},
		"ransomware":           {with(`"Known"`, `"Perhaps"`), "neither Known nor Unknown"},
		"wrong shape":          {with(`"count": 3`, `"count": "3"`), "wrong shape"},
		"list for an entry":    {with(`"vulnerabilities": [`, `"vulnerabilities": [[],`), "wrong shape"},
		"two documents":        {kevText + kevText, "not valid JSON"},
		"invalid UTF-8":        {with("Gateway", "Gate\xffway"), "not valid JSON"},
		"key given twice":      {with(`"count": 3,`, `"count": 3, "count": 3,`), "not valid JSON"},
		"deep":                 {`{"x":` + strings.Repeat("[", 20000), "not valid JSON"},
		"not an object":        {`["catalogVersion"]`, "wrong shape"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := intel.ReadKEV(strings.NewReader(c.text))
			refused(t, err, c.words)
		})
	}
}

func TestUnsoundEPSSIsRefused(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(epssText, old, new, 1) }
	for name, c := range map[string]struct{ text, words string }{
		"error page":            {"<html>503 Service Unavailable</html>", "a web page"},
		"gzip cut":              {zip(epssText)[:60], "truncated"},
		"gzip cut to its head":  {zip(epssText)[:10], "truncated"},
		"last line cut":         {strings.TrimSuffix(epssText, "0\n"), "line 6: truncated"},
		"cut after the columns": {"cve,epss,percentile\n", "no scores"},
		"cut after the header":  {"#model_version:v2026.06.15,score_date:2026-11-20T12:00:22Z\n", "truncated"},
		"another feed":          {kevText, "another feed"},
		"other columns":         {with("cve,epss,percentile", "cve,epss"), `line 2: "cve,epss" where the columns`},
		"no columns":            {with("cve,epss,percentile\n", ""), "where the columns"},
		"two columns":           {with("CVE-2031-10001,0.97565,0.99951", "CVE-2031-10001,0.97565"), "line 4"},
		"four columns":          {with("0.99951", "0.99951,1"), "percentile"},
		"duplicate":             {with("CVE-2031-10002", "CVE-2031-10001"), "line 5: CVE-2031-10001 is a duplicate"},
		"duplicate far away":    {with("CVE-2031-10004", "CVE-2029-0003"), "CVE-2029-0003 is a duplicate"},
		"bad CVE id":            {with("CVE-2031-10002", "GHSA-2031-10002"), "is not a CVE id"},
		"probability above 1":   {with("0.97565", "1.00001"), `probability "1.00001" is not a number from 0 to 1`},
		"probability below 0":   {with("0.97565", "-0.5"), "probability"},
		"probability NaN":       {with("0.97565", "NaN"), "probability"},
		"probability empty":     {with("0.97565", ""), "probability"},
		"probability hex":       {with("0.97565", "0x1p-2"), "probability"},
		"probability quoted":    {with("0.97565", `"0.97565"`), "probability"},
		"percentile above 1":    {with("0.99951", "99.951"), "percentile"},
		"percentile infinite":   {with("0.99951", "Inf"), "percentile"},
		"bad score date":        {with("2026-11-20T12:00:22Z", "20.11.2026"), "score_date"},
		"bad model":             {with("v2026.06.15", "\x1b[31mv5"), "model_version"},
		"header of controls":    {"#" + strings.Repeat("\x1f", 400) + "\n", "lacks model_version or score_date"},
		"half a header":         {with(",score_date:2026-11-20T12:00:22Z", ""), "lacks model_version or score_date"},
		"endless line":          {with("0.97565", strings.Repeat("9", 1<<20)), "too long"},
		"rows of nothing":       {epssText + "\n\n", "not a row"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := intel.ReadEPSS(strings.NewReader(c.text))
			refused(t, err, c.words)
		})
	}
}

func TestUnsoundSSVCPointsAreRefused(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(ssvcText, old, new, 1) }
	for name, c := range map[string]struct{ text, words string }{
		"error page":       {"\n<html></html>", "a web page"},
		"cut":              {ssvcText[:len(ssvcText)-20], "record 4: truncated"},
		"gzip cut":         {zip(ssvcText)[:300], "truncated"},
		"another feed":     {epssText, "another feed"},
		"duplicate":        {ssvcText + record("CVE-2031-10001", "2026-03-05T19:19:04Z", "none", "no", "partial"), "CVE-2031-10001 is a duplicate"},
		"bad CVE id":       {with(`"cveMetadata":{"cveId":"CVE-2029-0003"`, `"cveMetadata":{"cveId":"CVE-2029-3"`), "record 2"},
		"no CVE id":        {with(`"cveMetadata":{"cveId":"CVE-2029-0003"`, `"cveMetadata":{"x":"CVE-2029-0003"`), `cveId "" is not a CVE id`},
		"unknown value":    {with(`"active"`, `"rampant"`), `CVE-2031-10001: ssvc: exploitation is "rampant", which is none of none, poc, active`},
		"bad timestamp":    {with("2026-03-05T19:19:04.437235Z", "5 March"), "timestamp"},
		"options a string": {with(`[{"Exploitation":"active"},{"Automatable":"no"},{"Technical Impact":"total"}]`, `"active"`), "wrong shape"},
		"no points at all": {`{"cveMetadata":{"cveId":"CVE-2031-10009"},"containers":{}}`, "no record has SSVC points"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := intel.ReadVulnrichment(strings.NewReader(c.text))
			refused(t, err, c.words)
		})
	}
}

// endless is a text that never ends: a beginning, and one byte for ever.
type endless struct {
	start string
	fill  byte
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.start)
	e.start = e.start[n:]
	for i := n; i < len(p); i++ {
		p[i] = e.fill
	}
	return len(p), nil
}

func TestEndlessFeedsEnd(t *testing.T) {
	for words, text := range map[string]*endless{
		"KEV catalogue: larger than any":                     {`{"catalogVersion":"2026.11.20"`, ' '},
		"EPSS scores: line 2: \"\" is not a row":             {"cve,epss,percentile\n", '\n'},
		"EPSS scores: line 2: the line is too long":          {"cve,epss,percentile\n", '1'},
		"SSVC points: record 1: a record larger than 16 MiB": {`{"cveMetadata":{"cveId":"`, 'x'},
		"the file is empty":                                  {"", ' '},
	} {
		_, _, err := intel.Read(io.Reader(text))
		refused(t, err, words)
	}
}

func TestCVEIdsKeepTheirNumbers(t *testing.T) {
	for _, cve := range []string{"CVE-1999-0001", "CVE-2031-00010", "CVE-2031-999999999999", "CVE-0001-0000", "CVE-9999-9999999"} {
		s := readEPSS(t, fmt.Sprintf("cve,epss,percentile\n%s,0.1,0.1\n", cve))
		facts := (&intel.Snapshot{EPSS: s}).Lookup([]string{strings.ToLower(cve)})
		if facts == nil || facts.EPSS.CVE != cve {
			t.Errorf("%s is read as %+v", cve, facts)
		}
	}
	for _, id := range []string{"CVE-2031-1", "CVE-2031-1234567890123", "CVE-20311-0001", "CVE-2031_0001", "CVE-2031-00a1", "GHSA-jfh8-c2jp-5v3q", ""} {
		if facts := everything(t).Lookup([]string{id}); facts != nil {
			t.Errorf("%q is taken for a CVE: %+v", id, facts)
		}
	}
}
