package ingest

import (
	"cmp"
	"regexp"

	"github.com/headgate/headgate/engine"
)

// detectSecretScanning knows the alerts of GitHub's secret scanning as its REST interface lists them, and a single one.
func detectSecretScanning(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return has("secret_type") && (has("number") || has("state") || has("locations_url"))
	})
}

// A secretAlert is what is read of an alert (docs.github.com, "REST API endpoints for secret scanning").
type secretAlert struct {
	Number     word `json:"number"`
	State      word `json:"state"`
	Resolution text `json:"resolution"`
	Comment    text `json:"resolution_comment"`
	Type       word `json:"secret_type"`
	TypeName   text `json:"secret_type_display_name"`
	Secret     text `json:"secret"`
	Validity   text `json:"validity"`
	URL        word `json:"url"`
	Page       word `json:"html_url"`
	Repository loose[struct {
		Name word `json:"full_name"`
	}] `json:"repository"`
	First loose[struct {
		Path  word   `json:"path"`
		Start number `json:"start_line"`
		End   number `json:"end_line"`
	}] `json:"first_location_detected"`
}

var repositoryOfAlert = regexp.MustCompile(`/repos/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/secret-scanning/`)

// readSecretScanning reads alerts. They carry the value of the secret unless it was asked to be hidden.
func readSecretScanning(s *stream, b *batch) error {
	b.report.Tool = "github-secret-scanning"
	b.looked(b.repository())
	return s.series(func() error {
		var a secretAlert
		if err := s.decode(&a); err != nil {
			return err
		}
		b.report.Results++
		if a.Type == "" {
			return s.wrong("an alert without secret_type")
		}
		b.add(a.discovery(b))
		return nil
	})
}

func (a *secretAlert) discovery(b *batch) engine.Discovery {
	value, first := string(a.Secret), a.First.is
	at := lines(b.path(hidden(string(first.Path), value)), first.Start, first.End)
	at.URL = address(hidden(string(a.Page), value))
	f := engine.Finding{
		Kind:      engine.KindSecret,
		Title:     clip(hidden(string(cmp.Or(a.TypeName, text(a.Type))), value)),
		Rule:      &engine.Rule{ID: hidden(string(a.Type), value), Tool: b.report.Tool},
		Secret:    &engine.Secret{Type: hidden(string(a.Type), value)},
		Locations: []engine.Location{at},
	}
	switch a.Validity {
	case "active":
		f.Secret.Active = ptr(true)
	case "inactive":
		f.Secret.Active = ptr(false)
	}
	if a.State == "resolved" {
		why := string(cmp.Or(a.Resolution, "resolved"))
		if a.Comment != "" {
			why += ": " + hidden(string(a.Comment), value)
		}
		f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: clip(why)}
	}
	d := engine.Discovery{Target: b.repository(), Finding: f, Content: contentOf(value)}
	if d.Content == "" {
		d.Content = "github:alert:" + string(a.Number) // a hidden value: the number is the alert's for good
	}
	if m := repositoryOfAlert.FindStringSubmatch(string(a.URL)); m != nil {
		d.Target.Name = m[1]
	}
	d.Target.Name = cmp.Or(string(a.Repository.is.Name), d.Target.Name)
	return d
}
