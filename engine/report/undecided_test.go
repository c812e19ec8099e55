package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/report"
)

func TestWhatWasNotDecidedIsSaidWithoutMarkupOfOthers(t *testing.T) {
	hostile := "read <img src=x onerror=alert(1)> @everyone #1 [a](https://evil.example) ```x\n\n# pass\n::error::y" + strings.Repeat("z", 1<<20)
	c := report.NewUndecided(hostile, report.CommentOptions{RunURL: "https://github.com/acme/shop/actions/runs/1"})
	if strings.Contains(c.Body, "\n# ") || len(c.Body) > 2000 || c.Nothing || !strings.HasPrefix(c.Body, "### Headgate · undecided\n") {
		t.Errorf("%.300q", c.Body)
	}
	tame(t, toHTML(t, []byte(c.Body)), "https://github.com/acme/shop/actions/runs/1")
	if again := report.NewUndecided(hostile, report.CommentOptions{}); again.Digest != c.Digest {
		t.Error("the page of the run makes another text of it")
	}
	if other := report.NewUndecided("another reason", report.CommentOptions{}); other.Digest == c.Digest {
		t.Error("another reason has the same digest")
	}
}

func TestSARIFForCodeScanningNamesItsCategoryAndHasADigestWithoutTimes(t *testing.T) {
	r := blocked()
	o := report.Options{Category: "headgate/gate/"}
	var out bytes.Buffer
	if err := report.Write(&out, "sarif", r, o); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			AutomationDetails struct{ ID string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil || log.Runs[0].AutomationDetails.ID != o.Category {
		t.Errorf("%+v, %v", log, err)
	}
	digest := func() string {
		t.Helper()
		d, err := report.SARIFDigest(r, o)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest()
	r.Now = r.Now.Add(time.Hour)
	if digest() != first {
		t.Error("an hour later it is another one")
	}
	r.Cases[0].Decision.Action = "pass"
	if digest() == first {
		t.Error("another decision has the same one")
	}
}
