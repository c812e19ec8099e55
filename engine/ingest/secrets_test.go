package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// leaked is a report of Gitleaks with one secret, in the tree or in a commit.
func leaked(secret, commit string) string {
	return fmt.Sprintf(`[{"RuleID":"generic-api-key","Secret":%q,"Match":"password = %s","File":"a.env","StartLine":3,"Commit":%q}]`, secret, secret, commit)
}

// idsWith are the ids of what a report says, with a key.
func idsWith(t *testing.T, key, repository string, docs ...string) []string {
	t.Helper()
	var all []engine.Discovery
	for _, doc := range docs {
		in, err := Read("scan", strings.NewReader(doc), Options{Repository: repository, SecretKey: []byte(key)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in.Discoveries...)
	}
	var ids []string
	for _, d := range engine.Correlate(all) {
		ids = append(ids, d.Finding.ID)
	}
	return ids
}

func TestASecretsIdDependsOnTheKeyAndIsTheSameInEveryRun(t *testing.T) {
	tree, history := leaked("hunter2", ""), leaked("hunter2", "0123abcd")
	for _, key := range []string{"", "a key of some length"} {
		one := idsWith(t, key, "acme/shop", tree, history)
		if len(one) != 1 {
			t.Fatalf("key %q: the secret in tree and history is %d findings", key, len(one))
		}
		for _, again := range [][]string{idsWith(t, key, "acme/shop", tree), idsWith(t, key, "acme/shop", history), idsWith(t, key, "acme/shop", history, tree)} {
			if len(again) != 1 || again[0] != one[0] {
				t.Errorf("key %q: ids %v and %v", key, one, again)
			}
		}
		if other := idsWith(t, key, "acme/shop", leaked("hunter3", "")); other[0] == one[0] {
			t.Errorf("key %q: another secret has the same id", key)
		}
	}
	ids := map[string]string{}
	for _, key := range []string{"", "a key of some length", "a key of another kind"} {
		id := idsWith(t, key, "acme/shop", tree)[0]
		if with, ok := ids[id]; ok {
			t.Errorf("the keys %q and %q give one id", key, with)
		}
		ids[id] = key
	}
}

func TestAKeyChangesTheIdsOfCredentialsAndOfNothingElse(t *testing.T) {
	for name, credential := range map[string]bool{"gosec.json": true, "semgrep-repository.json": true, "trivy-image.json": true, "grype-image.json": false, "sarif-codeql.sarif": false} {
		_, plain, err := readFile(t, name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, keyed, err := readFile(t, name, Options{SecretKey: []byte("a key of some length")})
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for i := range plain {
			if plain[i].Content == keyed[i].Content {
				continue
			}
			changed++
			if f := plain[i].Finding; f.Kind != engine.KindSecret && len(f.CWEs) == 0 {
				t.Errorf("%s: the key changes the id of %+v", name, f)
			}
		}
		if (changed > 0) != credential {
			t.Errorf("%s: the key changes %d ids", name, changed)
		}
	}
}

// forms are made-up credentials of every form that is known, put together here so that nobody takes this file for a leak.
func forms() []string {
	x := strings.Repeat("0123456789abcdefABCDEF", 4)
	return []string{
		"AK" + "IA" + "PLANTEDPLANTED00", "gh" + "p_" + x[:36], "github" + "_pat_" + x[:40], "glp" + "at-" + x[:20], "xo" + "xb-1234567890-" + x[:24], "xa" + "pp-1-" + x[:20],
		"hooks.slack" + ".com/services/T0/B0/" + x[:24], "sk" + "_live_" + x[:24], "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiJwbGFudGVkIn0." + x[:30], "AI" + "za" + x[:35],
		"GOC" + "SPX-" + x[:28], "S" + "G." + x[:22] + "." + x[:43], "np" + "m_" + x[:36], "pypi-" + "AgEIcHlwaS5vcmc" + x[:40], "dop" + "_v1_" + strings.ToLower(x[:64]), "hv" + "s." + x[:40],
		"s" + "k-proj-" + x[:40], "postgres://shop:planted" + "password@db.internal/shop",
		"-----BEGIN RSA PRIV" + "ATE KEY-----\n" + x + "\n" + x + "\n-----END RSA PRIV" + "ATE KEY-----", "-----BEGIN PRIV" + "ATE KEY-----\n" + x,
	}
}

func TestWhatHasTheFormOfACredentialIsInNoText(t *testing.T) {
	for _, c := range forms() {
		value := c[len(c)-12:]
		if i := strings.Index(c, "@"); i > 0 {
			value = "plantedpassword"
		} else if strings.Contains(c, "-----END") {
			value = c[40:60]
		}
		for _, text := range []string{c, "quoted '" + c + "' here", "key=" + c + "\nmore", strings.Repeat("long ", 57) + c, "ünï " + c + "."} {
			have := clip(text)
			for i := 0; i+8 <= len(value); i++ {
				if strings.Contains(have, value[i:i+8]) {
					t.Errorf("%q is shown as %q", text, have)
					break
				}
			}
		}
		quoted := fmt.Sprintf("%q", c)
		doc := strings.Replace(smallest, `"results": []`, `"results": [{"ruleId": "R1", "message": {"text": `+quoted+`}, "suppressions": [{"kind": "external", "justification": `+quoted+`}],
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": `+quoted+`}}}]}], "invocations": [{"executionSuccessful": false, "toolExecutionNotifications": [{"level": "error", "message": {"text": `+quoted+`}}]}]`, 1)
		in, err := Read("scan", strings.NewReader(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if text := texted(t, in.Discoveries) + in.Report.Incomplete; strings.Contains(text, value) {
			t.Errorf("%q is in\n%s", c, text)
		}
	}
}

func TestWordsThatOnlyLookLikeCredentialsStay(t *testing.T) {
	for _, text := range []string{
		"CVE-2021-44228 in pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "https://example.com/advisories/GHSA-jfh8-c2jp-5v3q", "uses npm_config_registry",
		"a task-force of sk-learn", "PRIVATE KEY found", "ghp_ is the prefix of a token", "file:///home/runner/a.go:12", "eyJ is base64 of {", "https://a.example:8443/x and b@example.com",
	} {
		if have := redacted(text); have != text {
			t.Errorf("%q becomes %q", text, have)
		}
	}
}

func TestLookingAtLettersFirstRedactsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	plainly := func(text string) string {
		for _, c := range credentials {
			if slices.ContainsFunc(c.marks, func(mark string) bool { return strings.Contains(text, mark) }) {
				text = c.form().ReplaceAllString(text, c.shown())
			}
		}
		return text
	}
	words := []string{"a path/to/file", " ", "Ümläut", "AKIA", "https://user:pass@host/", strings.Repeat("A1b2", 12), "-_.", "\n"}
	for _, c := range credentials {
		words = append(words, c.marks...)
	}
	changed := 0
	for range 20_000 {
		text := "0123456789"
		for range 1 + r.IntN(6) {
			text += words[r.IntN(len(words))]
		}
		want, have := plainly(text), redacted(text)
		if have != want {
			t.Fatalf("%q becomes %q and not %q", text, have, want)
		}
		if have != text {
			changed++
		}
	}
	if changed < 500 {
		t.Errorf("only %d texts had a credential", changed)
	}
}
