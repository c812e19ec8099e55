package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/waiver"
)

// evidenceFlags are what gate is told of evidence.
type evidenceFlags struct {
	folder   string
	key      string
	subjects []string
}

func (f *evidenceFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.folder, "evidence", "", "leave evidence of all decisions in this `folder`, which must not be there yet")
	c.Flags().StringVar(&f.key, "evidence-key", "", "`file` with the Ed25519 key in PEM that signs the evidence; HEADGATE_EVIDENCE_KEY may be the key itself")
	c.Flags().StringArrayVar(&f.subjects, "evidence-subject", nil, "an artifact that the reports are about, `NAME@sha256:…` (images that findings name are known)")
}

// An evidenceTarget is where evidence goes and who signs it, known to be usable before anything is decided.
type evidenceTarget struct {
	folder   string
	signer   *evidence.Signer // nil: unsigned
	subjects []evidence.Subject
	passing  bool // the folder is gone after the run
}

// target checks what the flags say; nil if no evidence is asked for. Evidence that only a ledger is to have gets a folder that is gone once
// done is called.
func (f *evidenceFlags) target(forLedger bool) (t *evidenceTarget, done func(), err error) {
	done = func() {}
	if f.folder == "" && forLedger {
		passing, err := os.MkdirTemp("", "headgate-evidence-")
		if err != nil {
			return nil, done, undecided(fmt.Errorf("evidence: %w", plain(err)), "")
		}
		done = func() { os.RemoveAll(passing) }
		f.folder = filepath.Join(passing, "evidence")
		t, err = f.inFolder()
		if t != nil {
			t.passing = true
		}
		return t, done, err
	}
	t, err = f.inFolder()
	return t, done, err
}

// inFolder is the target in the folder that the flags name; nil if they name none.
func (f *evidenceFlags) inFolder() (*evidenceTarget, error) {
	if f.folder == "" {
		return nil, nil
	}
	t := &evidenceTarget{folder: f.folder}
	if strings.ContainsAny(f.folder, "\n\r") {
		return nil, setup(errors.New("--evidence: a folder has no line feed in its name"), "")
	}
	if link := plantedLink(f.folder); link != "" {
		return nil, setup(fmt.Errorf("--evidence: %s is a link in the repository that leads out of it", link), "name a folder that no change can bring")
	}
	if entries, err := os.ReadDir(f.folder); err == nil && len(entries) > 0 {
		return nil, setup(fmt.Errorf("--evidence %s: something is there already, and evidence is never written over", f.folder), "name a new folder")
	} else if _, err := os.Lstat(f.folder); err == nil && entries == nil {
		if s, err := os.Stat(f.folder); err != nil || !s.IsDir() {
			return nil, setup(fmt.Errorf("--evidence %s is no folder", f.folder), "")
		}
	}
	var err error
	if t.signer, err = readEvidenceSigner(f.key); err != nil {
		return nil, err
	}
	for _, text := range f.subjects {
		name, digits, ok := strings.Cut(text, "@sha256:")
		if !ok || name == "" || !isDigits(digits) {
			return nil, setup(fmt.Errorf("--evidence-subject %q is no artifact", text), "write ghcr.io/acme/shop@sha256:…")
		}
		t.subjects = append(t.subjects, subjectOf(name, digits))
	}
	return t, nil
}

// isDigits says whether a text is a SHA-256 in hexadecimal digits.
func isDigits(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func subjectOf(name, digits string) evidence.Subject {
	return evidence.Subject{Name: name, Digest: map[string]string{"sha256": digits}}
}

// readEvidenceSigner reads the key that signs: the text of one, as the environment has it, or a file. Errors show nothing of it.
func readEvidenceSigner(given string) (*evidence.Signer, error) {
	if given == "" {
		return nil, nil
	}
	text := []byte(given)
	if !strings.Contains(given, "-----BEGIN") {
		var err error
		if text, err = workingTree.read(given, mostSettings); err != nil {
			return nil, setup(fmt.Errorf("--evidence-key: %w", err), "headgate evidence keygen makes one")
		}
	}
	s, err := evidence.ReadSigner(text)
	if err != nil {
		return nil, setup(fmt.Errorf("--evidence-key: %w", err), "headgate evidence keygen makes one")
	}
	return s, nil
}

// keepEvidence leaves evidence where it is asked for, and says under which name. That it cannot be kept is a failure to decide: what nobody
// can prove later did not happen.
func (r *run) keepEvidence(t *evidenceTarget) error {
	if t == nil {
		return nil
	}
	digest, err := r.writeEvidence(t)
	if err == nil && r.event.Output != "" && !t.passing {
		if r.kept, err = attestable(t.folder, digest); err != nil {
			err = undecided(fmt.Errorf("evidence in %s: %w", t.folder, err), "")
		}
	}
	if err != nil {
		return err
	}
	if t.passing {
		return nil
	}
	said := "signed by the key "
	if t.signer == nil {
		said = "unsigned: it shows what was changed by accident, and not who made it"
	} else {
		said += t.signer.Fingerprint
	}
	r.app.say("note", fmt.Sprintf("evidence of %s is in %s: run %s, %s", number(len(r.result.Cases), "decision", "decisions"), filepath.ToSlash(t.folder), digest, said))
	return nil
}

// writeEvidence leaves the evidence of a run in a folder, whole or not at all, and is the digest that names the run.
func (r *run) writeEvidence(t *evidenceTarget) (digest string, err error) {
	stage, err := newStageFolder(t.folder)
	if err != nil {
		return "", undecided(fmt.Errorf("evidence: %w", plain(err)), "")
	}
	defer os.RemoveAll(stage)
	create := func(name string) (io.WriteCloser, error) { return createSynced(filepath.Join(stage, name)) }
	if digest, err = r.bundle(create, t); err == nil {
		err = settleFolder(stage, t.folder)
	}
	if err != nil {
		return "", undecided(fmt.Errorf("evidence in %s: %w", t.folder, plain(err)), "")
	}
	return digest, nil
}

// bundle writes the files of a bundle.
func (r *run) bundle(create func(string) (io.WriteCloser, error), t *evidenceTarget) (digest string, err error) {
	files, err := r.policy.Files()
	if err != nil {
		return "", err
	}
	w, err := evidence.NewWriter(create, r.terms(), files)
	if err != nil {
		return "", err
	}
	if l := r.ledger; l != nil && l.policy != "" && l.policy != r.result.Policy.Digest {
		change := &evidence.PolicyChange{Was: l.policy, Is: r.result.Policy.Digest}
		if err := w.Add(evidence.Record{Kind: evidence.KindPolicy, Policy: change}); err != nil {
			return "", err
		}
	}
	for _, o := range r.waiverOutcomes() {
		if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: o}); err != nil {
			return "", err
		}
	}
	told := r.app.progress("writing evidence", len(r.result.Cases))
	defer told.end()
	for some := range slices.Chunk(r.result.Cases, atOnce) {
		if err := w.Cases(some, r.ledger.previous); err != nil {
			return "", err
		}
		told.add(len(some))
	}
	inScope, evaluated := r.assetCoverage()
	return w.Close(evidence.Outcome{Result: r.result, AssetsInScope: inScope, AssetsEvaluated: evaluated, Subjects: r.subjects(t.subjects), Signer: t.signer})
}

// terms are under what the run decided.
func (r *run) terms() evidence.Terms {
	return evidence.Terms{
		At: r.result.Now, Engine: r.result.Engine, Builtins: evidence.BuiltinsDigest(),
		Change: r.result.Change,
		Policy: evidence.PolicyTerms{PolicyInfo: r.result.Policy, Overrides: r.policy.Overrides()},
		Settings: evidence.Settings{Assume: r.choice.source.Assume, ReportOnly: r.flags.reportOnly, NoRange: r.flags.noRange,
			Approvers: strings.Fields(strings.Join(r.settings.Approvers, " "))},
		Intel: r.result.Intel, Reports: r.result.Reports, CI: ciRun(r.app.getenv),
	}
}

// ciSystems are the names that CI systems give in the environment to a run, its attempt, the workflow and who started it.
var ciSystems = [][4]string{
	{"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_WORKFLOW_REF", "GITHUB_ACTOR"},
	{"CI_PIPELINE_ID", "CI_JOB_ID", "CI_CONFIG_PATH", "GITLAB_USER_LOGIN"},
	{"BUILD_BUILDID", "SYSTEM_JOBATTEMPT", "BUILD_DEFINITIONNAME", "BUILD_REQUESTEDFOR"}, // Azure Pipelines
	{"BUILD_TAG", "", "JOB_NAME", ""},                                                    // Jenkins
}

// ciRun is the run of the CI system that this is; nil if none is known.
func ciRun(getenv func(string) string) *evidence.CI {
	for _, names := range ciSystems {
		if id := getenv(names[0]); id != "" {
			short := func(name string) string {
				if name == "" {
					return ""
				}
				v := getenv(name)
				return v[:min(len(v), 300)]
			}
			return &evidence.CI{Run: id[:min(len(id), 300)], Attempt: short(names[1]), Workflow: short(names[2]), Actor: short(names[3])}
		}
	}
	return nil
}

// waiverOutcomes are the records of all waivers of the run's file.
func (r *run) waiverOutcomes() (all []*evidence.Waiver) {
	if r.waivers.use == nil {
		return nil
	}
	for _, o := range r.waivers.use.Outcomes() {
		w := &evidence.Waiver{ID: o.ID, State: waiverState(&o), Finding: o.Finding, Package: o.Package, Path: o.Path, Asset: o.Asset, Reason: o.Reason,
			Ticket: o.Ticket, Requester: o.Waiver.Requester, Approver: o.Waiver.Approver, Verified: o.Verified, How: o.How, Why: cmp.Or(o.Broken, o.Why),
			Created: date(o.Created), Expires: date(o.Expires), Cases: o.Held}
		if o.Verified {
			w.Requester, w.Approver = o.Proof.Requester, o.Proof.Approver
		}
		all = append(all, w)
	}
	return all
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func waiverState(o *waiver.Outcome) string {
	switch {
	case o.Ended:
		return evidence.WaiverExpired
	case !o.Begun:
		return evidence.WaiverPending
	case o.Held > 0:
		return evidence.WaiverUsed
	case o.Broken != "":
		return evidence.WaiverLapsed
	}
	return evidence.WaiverGranted
}

// assetCoverage counts the assets that are named, and those of them that were looked at.
func (r *run) assetCoverage() (inScope, evaluated int) {
	seen := r.covered()
	for i := range r.result.Cases {
		if id := r.result.Cases[i].Input.Asset.ID; id != "" {
			seen[id] = true
		}
	}
	for _, a := range r.assets.Assets() {
		inScope++
		if seen[a.ID] {
			evaluated++
		}
	}
	return inScope, evaluated
}

// subjects are what the run was about: its commit, the artifacts that are named, and the images that findings name by digest.
func (r *run) subjects(named []evidence.Subject) []evidence.Subject {
	var all []evidence.Subject
	if commit := cmp.Or(r.result.Change.Head, r.app.getenv("GITHUB_SHA")); commit != "" {
		name := cmp.Or(r.result.Change.Repository, "repository")
		if server := r.app.getenv("GITHUB_SERVER_URL"); server != "" && r.result.Change.Repository != "" {
			name = "git+" + server + "/" + name
		}
		all = append(all, evidence.Subject{Name: name, Digest: map[string]string{"gitCommit": commit}})
	}
	all = append(all, named...)
	images := map[string]bool{}
	for i := range r.result.Cases {
		for _, l := range r.result.Cases[i].Input.Finding.Locations {
			images[l.Image] = true
		}
	}
	var found []evidence.Subject
	for image := range images {
		name, digits, ok := strings.Cut(image, "@sha256:")
		if ok && isDigits(digits) && !slices.ContainsFunc(all, func(s evidence.Subject) bool { return s.Digest["sha256"] == digits }) {
			found = append(found, subjectOf(name, digits))
		}
	}
	slices.SortFunc(found, func(a, b evidence.Subject) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest["sha256"], b.Digest["sha256"]))
	})
	return append(all, found[:min(len(found), mostSubjects)]...)
}

// mostSubjects bounds the images that evidence is about: what a registry was scanned for is in the records.
const mostSubjects = 100
