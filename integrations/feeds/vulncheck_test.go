package feeds_test

import (
	archivezip "archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
)

// infoOf names one kept file as a result does.
func infoOf(k intel.Kept) engine.IntelInfo {
	var info engine.IntelInfo
	info.Set(string(k.Feed), &engine.FeedInfo{Digest: k.Digest})
	return info
}

// vulncheckArchive is VulnCheck KEV with n made-up entries, as it is handed out.
func vulncheckArchive(t *testing.T, n int) []byte {
	t.Helper()
	return vulncheckArchiveOf(t, n, "2026-11-19")
}

// vulncheckArchiveOf is one whose entries were added on a day.
func vulncheckArchiveOf(t *testing.T, n int, day string) []byte {
	t.Helper()
	var records []string
	for i := range n {
		records = append(records, fmt.Sprintf(`{"vendorProject":"Example","product":"Gateway","knownRansomwareCampaignUse":"Unknown","cve":["CVE-2031-%05d"],"date_added":"%sT00:00:00Z"}`, 20000+i, day))
	}
	var b bytes.Buffer
	z := archivezip.NewWriter(&b)
	w, err := z.Create("vulncheck_known_exploited_vulnerabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, "[%s]", strings.Join(records, ","))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const vulncheckToken = "vulncheck_0123456789abcdef"

// backups is VulnCheck: an address that needs the token, and one elsewhere that is signed and must not see it.
type backups struct {
	*publisher
	store    *httptest.Server
	archive  []byte
	named    string // the digest that is named; empty: the true one
	fetched  int
	withAuth int
}

func vulncheckServers(t *testing.T) *backups {
	b := &backups{publisher: publish(t), archive: vulncheckArchive(t, 150)}
	b.store = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.fetched++
		if r.Header.Get("Authorization") != "" {
			b.withAuth++
		}
		if r.URL.Query().Get("signature") != "s3cr3t" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		w.Write(b.archive)
	}))
	t.Cleanup(b.store.Close)
	b.answer("/vulncheck", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+vulncheckToken {
			http.Error(w, `{"error":true,"errors":["unauthorized"]}`, http.StatusUnauthorized)
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		named := b.named
		if named == "" {
			named = fmt.Sprintf("%x", sha256.Sum256(b.archive))
		}
		fmt.Fprintf(w, `{"_benchmark":0.1,"_meta":{"index":"vulncheck-kev"},"data":[{"filename":"vulncheck-kev.zip","sha256":"%s","date_added":"2026-11-20T00:00:00Z","url":"%s/kev.zip?signature=s3cr3t"}]}`,
			named, b.store.URL)
	})
	b.text("/euvd", `[{"cveId":"CVE-2031-20001","euvdId":"EUVD-2031-6001","dateAdded":"2026-11-19","sources":["eukev_kev"]}]`)
	return b
}

func (b *backups) further(dir string) feeds.Options {
	o := b.options(dir)
	o.EUVDURL, o.VulnCheckURL, o.VulnCheckToken = b.URL+"/euvd", b.URL+"/vulncheck", vulncheckToken
	return o
}

func TestFurtherFeedsAreFetchedForWhoAsksAndFromThenOn(t *testing.T) {
	b, dir := vulncheckServers(t), t.TempDir()
	if outcomes, err := feeds.Update(t.Context(), b.further(dir)); err != nil || len(outcomes) != 3 || b.count("/euvd")+b.count("/vulncheck") != 0 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	o := b.further(dir)
	o.Also = []intel.Feed{intel.FeedEUVD, intel.FeedVulnCheck}
	if outcomes, err := feeds.Update(t.Context(), o); err != nil || len(outcomes) != 5 {
		t.Fatalf("%+v, %v", outcomes, err)
	}
	held := load(t, dir)
	if facts := held.Lookup([]string{"CVE-2031-20001"}).Exploited; !facts.EUVD.Listed || !facts.VulnCheck.Listed || facts.VulnCheck.Added != "2026-11-19" {
		t.Errorf("%+v %+v", facts.EUVD, facts.VulnCheck)
	}
	if b.fetched != 1 || b.withAuth != 0 {
		t.Errorf("the archive was fetched %d times, with the token %d times", b.fetched, b.withAuth)
	}
	outcomes, err := feeds.Update(t.Context(), b.further(dir))
	if err != nil || len(outcomes) != 5 || !outcomes[4].Same || b.fetched != 1 {
		t.Errorf("%+v, %v, fetched %d times", outcomes, err, b.fetched)
	}
	b.archive = vulncheckArchive(t, 151)
	if outcomes, err = feeds.Update(t.Context(), b.further(dir)); err != nil || !outcomes[4].Changed || load(t, dir).VulnCheck.Info.Entries != 151 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	for name, text := range contents(t, dir) {
		if strings.Contains(text, vulncheckToken) || strings.Contains(text, "s3cr3t") {
			t.Errorf("%s has a secret in it", name)
		}
	}
}

func TestUnsoundVulnCheckLeavesWhatIsHeldAndTellsNoSecret(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*backups, *feeds.Options)
		words string
	}{
		"no token":        {func(_ *backups, o *feeds.Options) { o.VulnCheckToken = "" }, "given out for a token"},
		"a wrong token":   {func(_ *backups, o *feeds.Options) { o.VulnCheckToken += "x" }, "401 Unauthorized"},
		"another archive": {func(b *backups, _ *feeds.Options) { b.named = strings.Repeat("0", 64) }, "its digest is another"},
		"no archive":      {func(b *backups, _ *feeds.Options) { b.text("/vulncheck", `{"data":[]}`) }, "does not say where"},
		"an error page":   {func(b *backups, _ *feeds.Options) { b.text("/vulncheck", "<html>") }, "does not say where"},
		"the wrong address": {func(b *backups, _ *feeds.Options) {
			b.text("/vulncheck", `{"data":[{"sha256":"`+strings.Repeat("0", 64)+`","url":"http://feeds.example.com/?signature=s3cr3t"}]}`)
		}, "only https"},
		"it is gone":        {func(b *backups, _ *feeds.Options) { b.archive = []byte("PK\x03\x04 no"); b.store.Close() }, "no answer"},
		"a damaged archive": {func(b *backups, _ *feeds.Options) { b.archive = []byte("PK\x03\x04 no archive") }, "damaged"},
		"no list in it":     {func(b *backups, _ *feeds.Options) { b.archive = []byte(`{"error":"no"}`) }, "not a list"},
		"half of it":        {func(b *backups, _ *feeds.Options) { b.archive = vulncheckArchive(t, 75) }, "shrank"},
		"three times of it": {func(b *backups, _ *feeds.Options) { b.archive = vulncheckArchive(t, 450) }, "grew"},
	} {
		t.Run(name, func(t *testing.T) {
			b, dir := vulncheckServers(t), t.TempDir()
			o := b.further(dir)
			o.Also = []intel.Feed{intel.FeedVulnCheck}
			if _, err := feeds.Update(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			before := load(t, dir).VulnCheck.Info
			c.spoil(b, &o)
			outcomes, err := feeds.Update(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v, want an error with %q", err, c.words)
			}
			if out := outcomes[3]; out.Info != before || load(t, dir).VulnCheck.Info != before {
				t.Errorf("%+v, want %+v", out, before)
			}
			text := fmt.Sprint(err) + contents(t, dir)[intel.ManifestName]
			if strings.Contains(text, "s3cr3t") || strings.Contains(text, vulncheckToken) || strings.ContainsAny(fmt.Sprint(err), "\n\x1b") {
				t.Errorf("%s", text)
			}
		})
	}
}

func TestTokenDoesNotFollowARedirect(t *testing.T) {
	b, dir := vulncheckServers(t), t.TempDir()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("another port of the same machine is sent the token")
		}
		io.WriteString(w, `{"data":[]}`)
	}))
	t.Cleanup(other.Close)
	b.answer("/vulncheck", sent(other.URL))
	o := b.further(dir)
	o.Only = []intel.Feed{intel.FeedVulnCheck}
	if _, err := feeds.Update(t.Context(), o); err == nil {
		t.Error("accepted")
	}
	if _, err := os.Stat(dir + "/vulncheck.json.gz"); err == nil {
		t.Error("a file was put in place")
	}
}
