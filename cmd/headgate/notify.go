package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/notify"
)

// A webhook is told what a run came to.
type webhook struct {
	URL    string         `yaml:"url"`
	URLEnv string         `yaml:"url_env"` // of the environment variable that has it, where the address itself is a secret
	KeyEnv string         `yaml:"key_env"` // of the environment variable with the key that messages are signed with
	On     []string       `yaml:"on"`      // outcomes; absent: all
	Events []engine.Event `yaml:"events"`  // absent: all
}

// Bounds of webhooks. The decision stands when they are told, so the job does not wait long for them.
const (
	mostWebhooks = 10
	notifyTime   = 20 * time.Second
)

var (
	variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`) })
	outcomes = []string{string(engine.Pass), string(engine.Warn), string(engine.Block), report.Undecided}
)

func checkWebhooks(hooks []webhook) error {
	if len(hooks) > mostWebhooks {
		return fmt.Errorf("notify names %d webhooks, more than %d", len(hooks), mostWebhooks)
	}
	for i, h := range hooks {
		if err := h.check(); err != nil {
			return fmt.Errorf("notify %d: %w", i+1, err)
		}
	}
	return nil
}

func (h *webhook) check() error {
	switch {
	case (h.URL == "") == (h.URLEnv == ""):
		return errors.New("exactly one of url and url_env is needed")
	case h.URLEnv != "" && !variable().MatchString(h.URLEnv):
		return errors.New("url_env is no name of an environment variable")
	case !variable().MatchString(h.KeyEnv):
		return errors.New("key_env is to be the name of the environment variable with the key")
	case slices.ContainsFunc(h.On, func(o string) bool { return !slices.Contains(outcomes, o) }):
		return fmt.Errorf("on can be %s", words(outcomes))
	case slices.ContainsFunc(h.Events, func(e engine.Event) bool { return !slices.Contains(engine.Events, e) }):
		return fmt.Errorf("an event is none of %s", words(engine.Events))
	}
	if h.URL != "" {
		if err := notify.Check(h.URL); err != nil {
			return fmt.Errorf("url: %w", err)
		}
	}
	return nil
}

// wants says whether a webhook is told of a run.
func (h *webhook) wants(outcome string, event engine.Event) bool {
	return (len(h.On) == 0 || slices.Contains(h.On, outcome)) && (len(h.Events) == 0 || slices.Contains(h.Events, event))
}

// notify tells the webhooks of the settings what the run came to. failed is why nothing was decided. What does not arrive is said and
// given back, and changes nothing about how the run ends.
func (r *run) notify(ctx context.Context, failed error) (missed []engine.Effect) {
	if r.settings == nil || len(r.settings.Notify) == 0 || r.result == nil {
		return nil
	}
	miss := func(why string) {
		r.app.say("note", why)
		missed = append(missed, engine.Effect{Kind: engine.EffectWebhook, Did: engine.DidDegrade, Why: why})
	}
	outcome, o := string(r.result.Outcome), report.NotificationOptions{RunURL: r.event.page()}
	if failed != nil {
		outcome, o.Undecided = report.Undecided, cmp.Or(failed.Error(), "no reason is known")
	}
	if p := r.event.Pull; p != nil {
		o.Pull, o.PullURL = p.Number, fmt.Sprintf("%s/%s/pull/%d", r.event.Server, r.event.Repository, p.Number)
	}
	document, err := report.NewNotification(r.result, o)
	if err != nil {
		miss("not notified: " + err.Error())
		return missed
	}
	sender, err := notify.New(notify.Options{UserAgent: "headgate/" + buildVersion()})
	if err != nil {
		miss("not notified: " + err.Error())
		return missed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), notifyTime) // a deadline that ended the run is worth telling
	defer cancel()
	failures := make([]error, len(r.settings.Notify))
	var sending sync.WaitGroup
	for i := range r.settings.Notify {
		if h := &r.settings.Notify[i]; h.wants(outcome, r.result.Change.Event) {
			sending.Go(func() { failures[i] = r.app.post(ctx, sender, h, document) })
		}
	}
	sending.Wait()
	for i, err := range failures {
		if err != nil {
			miss(fmt.Sprintf("webhook %d was not notified: %v", i+1, err))
		}
	}
	return missed
}

// post sends a document to one webhook.
func (a *app) post(ctx context.Context, sender *notify.Sender, h *webhook, document []byte) error {
	address := h.URL
	if h.URLEnv != "" {
		if address = a.getenv(h.URLEnv); address == "" {
			return fmt.Errorf("%s is not set", h.URLEnv)
		}
	}
	key := a.getenv(h.KeyEnv)
	if key == "" {
		return fmt.Errorf("%s, the key, is not set", h.KeyEnv)
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return fmt.Errorf("%s has no address of a server", h.URLEnv)
	}
	return sender.Post(ctx, address, []byte(key), document)
}
