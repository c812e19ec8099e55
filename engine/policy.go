package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/open-policy-agent/opa/v1/version"
	"golang.org/x/sync/errgroup"
)

// A PolicySource says which policies decide.
type PolicySource struct {
	Shipped fs.FS          // the folders main, lib and packs
	Proven  bool           // Shipped has been checked whole, as by its tests: where nothing else is loaded, that is not done again
	Packs   []string       // the packs of Shipped that are on
	Own     []PackFolder   // the user's packs, on top
	Params  map[string]any // overrides of parameters: by pack (or "main"), then by parameter
	Bundle  *PackBundle    // decides instead of Shipped and Own, with a main and lib of its own; nil: none

	Assume    map[string]any // by path of a fact: the value that stands for it where it is unknown; null is none
	NoClasses bool           // decide every case by itself: slow, and the same decisions
	NoRange   bool           // do not work out what unknown facts could change

	PerDecision time.Duration // bounds one evaluation; 0: five seconds
}

// A PackFolder is a folder that holds packs, one folder each.
type PackFolder struct {
	Label string // how errors name the folder
	Files fs.FS
	Named bool // somebody named this folder to have its rules asked: it is an error if it has none
}

// A Policy is a set of packs that has been checked and compiled. It is safe for use by several goroutines.
type Policy struct {
	info      PolicyInfo
	overrides []string
	rules     []ruleInfo
	byID      map[string]*ruleInfo
	compiler  *ast.Compiler
	modules   map[string]*ast.Module // as their authors wrote them, by file
	files     []policyFile           // what it was made of
	given     []string               // folders whose data is not that of their files, as parameters of theirs were given
	data      map[string]any         // parameters and tables, as the store has them
	store     storage.Store
	decision  rego.PreparedEvalQuery
	gate      rego.PreparedEvalQuery
	priority  func() (rego.PreparedEvalQuery, error) // the priority alone; prepared when it is first needed
	opens     func() (rego.PreparedEvalQuery, error) // the rules that open a step; prepared when it is first needed
	facts     []fact
	applies   map[Kind]factSet // of the facts
	assumed   []*assumption    // by fact; nil: nothing is assumed
	classes   func() *classes  // set up when they are first needed
	steps     func() *classes  // those of the rules that open a step
	ranges    func() *ranges   // nil: ranges are not worked out
	stated    *stated
	deciders  *deciders
	met       *metVerdicts
	noClasses bool
	noRange   bool
	phases    *phases

	perDecision time.Duration
	stuck       *stuck
}

// A ruleInfo is what a rule's METADATA says of it.
type ruleInfo struct {
	id          string
	pack        string // empty: of main
	kind        string // the set that the rule contributes to
	title       string
	message     string // template: custom.message, or the title
	remediation string
	controls    []string
	effect      // when it is in force
	file        string
	rule        *ast.Rule
}

// Info names the policy in results.
func (p *Policy) Info() PolicyInfo { return p.info }

// OPAVersion is the version of the policy engine that is built in.
func OPAVersion() string { return version.Version }

// PolicyDigest is what PolicyInfo.Digest of these policies is, without compiling them.
func PolicyDigest(src PolicySource) (string, error) {
	files, packs, err := src.files(false)
	if err != nil {
		return "", err
	}
	data, err := mount(files)
	if err != nil {
		return "", err
	}
	if _, err := src.overrides(data, packs); err != nil {
		return "", err
	}
	return digest(files, data)
}

// LoadPolicy reads, checks and compiles policies. Its errors say file, line and what is wrong, on one line; none of the policies
// may be used then.
func LoadPolicy(ctx context.Context, src PolicySource) (*Policy, error) {
	files, packs, err := src.files(false)
	if err != nil {
		return nil, err
	}
	data, err := mount(files)
	if err != nil {
		return nil, err
	}
	overrides, err := src.overrides(data, packs)
	if err != nil {
		return nil, err
	}
	if err := checkTable(data); err != nil {
		return nil, err
	}
	modules, problems := parse(files)
	proven := src.Proven && len(src.Own) == 0 && src.Bundle == nil
	if len(problems) == 0 && !proven {
		problems = append(check(modules), src.silent(packs, modules)...)
	}
	if err := firstProblem(problems); err != nil {
		return nil, err
	}
	compiler, err := compile(modules, proven)
	if err != nil {
		return nil, oneLine(err)
	}
	p := &Policy{compiler: compiler, modules: modules, files: files, given: src.given(), info: PolicyInfo{Packs: packs}, overrides: overrides,
		noClasses: src.NoClasses, noRange: src.NoRange, phases: new(phases),
		perDecision: cmp.Or(src.PerDecision, perDecision), stuck: new(stuck)}
	if p.info.Digest, err = digest(files, data); err != nil {
		return nil, err
	}
	if p.rules, problems = rulesOf(compiler); len(problems) == 0 {
		problems = dangling(compiler, data)
	}
	if len(problems) == 0 && !proven {
		problems = stepsThatReadPaths(compiler, data)
	}
	if err := firstProblem(problems); err != nil {
		return nil, err
	}
	p.byID = make(map[string]*ruleInfo, len(p.rules))
	for i := range p.rules {
		p.byID[p.rules[i].id] = &p.rules[i]
	}
	p.facts = factsRead(compiler)
	p.applies = factsByKind(p.facts)
	if p.assumed, err = p.assuming(src.Assume); err != nil {
		return nil, err
	}
	p.data = data
	p.store = inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))
	if p.decision, err = p.prepare(ctx, decisionRef.String()); err != nil {
		return nil, err
	}
	p.gate, err = p.prepare(ctx, "data.main.gate")
	p.byClass()
	return p, err
}

// byClass sets up how the policy is asked, as far as it is not done before there is something to decide.
func (p *Policy) byClass() {
	p.stated, p.deciders, p.met = new(stated), new(deciders), &metVerdicts{seed: maphash.MakeSeed()}
	p.opens = sync.OnceValues(func() (rego.PreparedEvalQuery, error) {
		return p.prepare(context.Background(), opensStepRef.String())
	})
	p.steps = sync.OnceValue(func() *classes { return p.newClasses(opensStepRef, nil, p.opens, p.stepsOf) })
	p.priority = sync.OnceValues(func() (rego.PreparedEvalQuery, error) {
		return p.prepare(context.Background(), p.priorityRef().String())
	})
	p.classes = sync.OnceValue(func() *classes {
		c := p.newClasses(decisionRef, nil, func() (rego.PreparedEvalQuery, error) { return p.decision, nil }, p.answerTo)
		c.outlined = sync.OnceValue(func() *outlines { return newOutlines(p, c) })
		return c
	})
	if !p.noRange {
		p.ranges = sync.OnceValue(func() *ranges { return p.newRanges() })
	}
}

func (p *Policy) prepare(ctx context.Context, query string) (rego.PreparedEvalQuery, error) {
	return p.prepareWith(ctx, p.compiler, query)
}

func (p *Policy) prepareWith(ctx context.Context, c *ast.Compiler, query string) (rego.PreparedEvalQuery, error) {
	pq, err := rego.New(rego.Query(query), rego.Compiler(c), rego.Store(p.store), rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil })).PrepareForEval(ctx)
	if err != nil {
		return pq, fmt.Errorf("prepare %s: %w", query, oneLine(err))
	}
	return pq, nil
}

// A policyFile is one file of a policy: where it lies, what errors call it, what it says.
type policyFile struct {
	path  string // main/…, lib/… or packs/<pack>/…
	label string
	text  []byte
}

// files reads all files that make up the policy, with or without the tests beside them, and names the packs.
func (src PolicySource) files(tests bool) (files []policyFile, packs []string, err error) {
	if src.Bundle != nil {
		return src.Bundle.files()
	}
	for _, dir := range []string{"main", "lib"} {
		if files, err = readFiles(files, src.Shipped, dir, dir, path.Join("policies", dir), tests); err != nil {
			return nil, nil, err
		}
	}
	for _, pack := range src.Packs {
		dir := path.Join("packs", pack)
		if s, err := fs.Stat(src.Shipped, dir); pack == "" || err != nil || !s.IsDir() {
			return nil, nil, fmt.Errorf("no pack %q ships with this version", pack)
		}
		if files, err = readFiles(files, src.Shipped, dir, dir, path.Join("policies", dir), tests); err != nil {
			return nil, nil, err
		}
		packs = append(packs, pack)
	}
	for _, own := range src.Own {
		entries, err := fs.ReadDir(own.Files, ".")
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", own.Label, err)
		}
		before := len(files)
		for _, e := range entries {
			label := path.Join(own.Label, e.Name())
			s, err := fs.Stat(own.Files, e.Name()) // follows links, as folders that are mounted into containers are made of them
			switch {
			case strings.HasPrefix(e.Name(), "."):
			case err != nil:
				return nil, nil, fmt.Errorf("%s: %w", label, err)
			case s.IsDir() && slices.Contains(packs, e.Name()):
				return nil, nil, fmt.Errorf("%s: a pack of this name is loaded already", label)
			case s.IsDir():
				n := len(files)
				if files, err = readFiles(files, own.Files, e.Name(), path.Join("packs", e.Name()), label, tests); err != nil {
					return nil, nil, err
				}
				if slices.ContainsFunc(files[n:], func(f policyFile) bool { return !isTest(f.path) }) { // else it is a place for one
					packs = append(packs, e.Name())
				}
			case strings.HasSuffix(e.Name(), ".rego"):
				return nil, nil, fmt.Errorf("%s: a rule belongs in the folder of its pack, %s",
					label, path.Join(own.Label, strings.TrimSuffix(e.Name(), ".rego"), e.Name()))
			}
		}
		if own.Named && !slices.ContainsFunc(files[before:], func(f policyFile) bool { return path.Ext(f.path) == ".rego" }) {
			return nil, nil, fmt.Errorf("%s: there is no pack in this folder: a rule lies in the folder of its pack, %s",
				own.Label, path.Join(own.Label, "acme", "acme.rego"))
		}
	}
	slices.Sort(packs)
	return files, packs, nil
}

// maxPolicyFile bounds one file of a policy.
const maxPolicyFile = 4 << 20

// readFiles adds the policy files below a folder, with or without tests.
func readFiles(files []policyFile, fsys fs.FS, dir, mountAt, label string, tests bool) ([]policyFile, error) {
	err := fs.WalkDir(fsys, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		rest := strings.TrimPrefix(name, dir)
		switch ext := path.Ext(base); {
		case e.IsDir() || isTest(base) && !tests || strings.HasPrefix(base, "."):
			return nil
		case isData(base) || ext == ".rego":
		case ext == ".yaml" || ext == ".yml" || ext == ".json":
			return fmt.Errorf("%s: is not read: parameters and tables stand in data.yaml", label+rest)
		default:
			return nil
		}
		text, err := readRegular(fsys, name)
		if err != nil {
			return fmt.Errorf("%s: %w", label+rest, err)
		}
		files = append(files, policyFile{mountAt + rest, label + rest, text})
		return nil
	})
	return files, err
}

// readRegular reads a file that is one: a pipe or device would never end.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	s, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !s.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case s.Size() > maxPolicyFile:
		return nil, errors.New("larger than a policy file may be")
	}
	return fs.ReadFile(fsys, name)
}

func isData(base string) bool { return base == "data.yaml" || base == "data.json" }

// mount builds the data document: a data file stands at the path of its folder. It reads YAML as OPA itself does, so that a pack
// means the same here and under opa test.
func mount(files []policyFile) (map[string]any, error) {
	root := map[string]any{}
	for _, f := range files {
		if !isData(path.Base(f.path)) {
			continue
		}
		var doc map[string]any
		if err := util.Unmarshal(f.text, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", f.label, oneLine(err))
		}
		at := root
		for dir := range strings.SplitSeq(path.Dir(f.path), "/") {
			if dir == "." {
				continue
			}
			next, ok := at[dir].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[dir] = next
			}
			at = next
		}
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			if _, twice := at[key]; twice {
				return nil, fmt.Errorf("%s: another file says what %s is", f.label, key)
			}
			at[key] = doc[key]
		}
	}
	return root, nil
}

// parse parses all modules, on all cores: parsing is a third of a cold start. What cannot be parsed, or lies in the wrong folder, is a
// problem.
func parse(files []policyFile) (map[string]*ast.Module, []Problem) {
	parsed, wrong := make([]*ast.Module, len(files)), make([][]Problem, len(files))
	caps := capabilities()
	var work errgroup.Group
	for i, f := range files {
		if isData(path.Base(f.path)) {
			continue
		}
		work.Go(func() error {
			m, err := ast.ParseModuleWithOpts(f.label, string(f.text), ast.ParserOptions{
				ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: caps})
			switch {
			case err != nil:
				wrong[i] = problemsOf(err)
			case m == nil:
				wrong[i] = []Problem{{File: f.label, What: "the file has no package"}}
			default:
				parsed[i], wrong[i] = m, append(rightPackage(m, f), openSchemas(m)...)
				label(m)
			}
			return nil
		})
	}
	_ = work.Wait() // what went wrong is noted file by file
	modules := map[string]*ast.Module{}
	for i, m := range parsed {
		if m != nil {
			modules[files[i].label] = m
		}
	}
	return modules, slices.Concat(wrong...)
}

// rightPackage makes sure that a pack's rules are where they are looked for: a rule in another package would never be asked. Tests may
// lie in any.
func rightPackage(m *ast.Module, f policyFile) []Problem {
	want := ast.Ref{ast.DefaultRootDocument}
	for dir := range strings.SplitSeq(path.Dir(f.path), "/") {
		want = want.Append(ast.StringTerm(dir))
	}
	if isTest(f.path) || m.Package.Path.Equal(want) {
		return nil
	}
	return []Problem{{File: f.label, Line: m.Package.Location.Row, What: fmt.Sprintf("package %s is never asked; in this folder it must be %s",
		strings.TrimPrefix(m.Package.Path.String(), "data."), strings.TrimPrefix(want.String(), "data."))}}
}

// compile compiles modules against the schemas. Its errors are OPA's. Of modules that have been proven it leaves out the checks that take
// longest and only refuse: they are a third of a cold start.
func compile(modules map[string]*ast.Module, proven bool) (*ast.Compiler, error) {
	if proven {
		c := lenientCompiler()
		if c.Compile(modules); c.Failed() {
			return nil, c.Errors
		}
		return c, nil
	}
	c, err := newCompiler()
	if err != nil {
		return nil, err
	}
	if c.Compile(modules); c.Failed() {
		return nil, c.Errors
	}
	return c, nil
}

// lenientCompiler is a compiler without the checks that only refuse, for what has passed them already.
func lenientCompiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(capabilities()).
		WithSkipStages(ast.StageCheckTypes, ast.StageCheckRecursion, ast.StageCheckSafetyRuleHeads, ast.StageCheckRuleConflicts)
}

// newCompiler is a compiler with the rules of the house: strict, against the schemas, and with nothing that reaches out.
func newCompiler() (*ast.Compiler, error) {
	schemas := ast.NewSchemaSet()
	for _, s := range []struct {
		ref  ast.Ref
		text []byte
	}{{ast.SchemaRootRef, InputSchema}, {ast.MustParseRef("schema.summary"), SummarySchema}} {
		var doc any
		if err := json.Unmarshal(s.text, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", s.ref, err)
		}
		schemas.Put(s.ref, doc)
	}
	return ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true).WithSchemas(schemas).WithUseTypeCheckAnnotations(true), nil
}

// digest is over all rules, and over the data that the data files and the overrides come to: a bundle in which the overrides are written
// down decides the same, and is the same policy.
func digest(files []policyFile, data map[string]any) (string, error) {
	h := sha256.New()
	for _, f := range slices.SortedFunc(slices.Values(files), func(a, b policyFile) int { return strings.Compare(a.path, b.path) }) {
		if !isData(path.Base(f.path)) {
			fmt.Fprintf(h, "%d %s %d\n", len(f.path), f.path, len(f.text))
			h.Write(f.text)
		}
	}
	merged, err := json.Marshal(data) // sorts the keys
	if err != nil {
		return "", fmt.Errorf("policy data: %w", err)
	}
	h.Write(merged)
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
