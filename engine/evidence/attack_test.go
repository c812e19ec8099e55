package evidence_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

func TestABundleVerifiesWithItsKey(t *testing.T) {
	k := key(t, 1)
	files, digest := make1(10, k).bundle(t)
	v := verify(t, files, k)
	if v.Failed != 0 || v.Run != digest || v.Records != 11 || v.Says.Coverage.Decisions != 10 {
		t.Fatalf("failed at %d: %s %+v", v.Failed, said(v), v.Says)
	}
	states := ""
	for _, l := range v.Levels {
		states += l.State + " "
	}
	if states != "ok ok none none ok " {
		t.Errorf("states %s", states)
	}
	if v := verify(t, files, key(t, 2)); v.Failed != evidence.LevelSignature || !strings.Contains(said(v), "signed by another key") {
		t.Errorf("another key: %s", said(v))
	}
	if v := verify(t, files, nil); v.Failed != 0 || v.Levels[0].State != evidence.StateUnproven {
		t.Errorf("without a key: %+v", v.Levels[0])
	}
}

func TestAnUnsignedBundleIsSaidToBeSo(t *testing.T) {
	files, _ := make1(4, nil).bundle(t)
	if v := verify(t, files, nil); v.Failed != 0 || v.Levels[0].State != evidence.StateUnsigned || !strings.Contains(v.Levels[0].Said, "anyone could have made it") {
		t.Errorf("%+v", v)
	}
	if v := verify(t, files, key(t, 1)); v.Failed != evidence.LevelSignature {
		t.Errorf("with a key: %d", v.Failed)
	}
}

// levelOf is the level that damage of a file is found at.
func levelOf(name string) []int {
	switch name {
	case evidence.PartStatement, evidence.PartSummaries:
		return []int{evidence.LevelSignature}
	case evidence.SumsFile:
		return []int{evidence.LevelSignature, evidence.LevelRun}
	}
	return []int{evidence.LevelRun}
}

func TestAFlippedBitAnywhereIsFoundAtItsLevel(t *testing.T) {
	k, long := key(t, 1), os.Getenv("HEADGATE_LONG") != ""
	for what, signer := range map[string]*evidence.Signer{"signed": k, "unsigned": nil} {
		m := make1(1, signer)
		files, _ := m.bundle(t)
		if v := verify(t, files, signer); v.Failed != 0 {
			t.Fatal(said(v))
		}
		for name, file := range files {
			for i := range file.Data {
				for bit := range 8 {
					if !long && (bit != (i*5)%8 || signer == nil && i%8 != 3) {
						continue
					}
					broken := maps.Clone(files)
					data := bytes.Clone(file.Data)
					data[i] ^= 1 << bit
					broken[name] = &fstest.MapFile{Data: data}
					if v := verify(t, broken, signer); !slices.Contains(levelOf(name), v.Failed) {
						t.Fatalf("%s: bit %d of byte %d of %s: level %d\n%s", what, bit, i, name, v.Failed, said(v))
					}
				}
			}
		}
	}
}

// Parts are verified side by side: what fails in several is listed in one order, whichever was found first.
func TestFailuresOfSeveralPartsAreListedInOneOrder(t *testing.T) {
	files, _ := make1(40, nil).bundle(t)
	broken := maps.Clone(files)
	for name, file := range files {
		if name != evidence.PartStatement && name != evidence.SumsFile {
			broken[name] = &fstest.MapFile{Data: file.Data[:len(file.Data)/2]}
		}
	}
	first := verify(t, broken, nil)
	if len(first.Failures) < 3 || !slices.IsSortedFunc(first.Failures, func(a, b evidence.Failure) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), strings.Compare(a.Run, b.Run), strings.Compare(a.Said, b.Said))
	}) {
		t.Fatalf("%d failures: %s", len(first.Failures), said(first))
	}
	for range 20 {
		if again := verify(t, broken, nil); !slices.Equal(again.Failures, first.Failures) {
			t.Fatalf("first %s, then %s", said(first), said(again))
		}
	}
}

func TestACutOrMissingFileIsFoundAtItsLevel(t *testing.T) {
	k := key(t, 1)
	files, _ := make1(5, k).bundle(t)
	for name, file := range files {
		for _, cut := range []int{-1, 0, len(file.Data) / 2, len(file.Data) - 1} {
			broken := maps.Clone(files)
			if delete(broken, name); cut >= 0 {
				broken[name] = &fstest.MapFile{Data: file.Data[:cut]}
			}
			if v := verify(t, broken, k); !slices.Contains(levelOf(name), v.Failed) {
				t.Errorf("%s cut to %d: level %d\n%s", name, cut, v.Failed, said(v))
			}
		}
	}
}

// unpacked is what a file of a bundle holds.
func unpacked(t testing.TB, files fstest.MapFS, part string) []byte {
	t.Helper()
	data := files[evidence.FileOf(part)].Data
	if evidence.FileOf(part) == part {
		return data
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := d.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// replaced is a bundle with another content of a part, and a list of digests that fits: what somebody who knows the format makes.
func replaced(t testing.TB, files fstest.MapFS, part string, data []byte) fstest.MapFS {
	t.Helper()
	out := maps.Clone(files)
	if evidence.FileOf(part) != part {
		e, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20))
		if err != nil {
			t.Fatal(err)
		}
		data = e.EncodeAll(data, nil)
	}
	out[evidence.FileOf(part)] = &fstest.MapFile{Data: data}
	sums := ""
	for _, p := range evidence.Parts {
		if f := out[evidence.FileOf(p)]; f != nil {
			sum := sha256.Sum256(f.Data)
			sums += hex.EncodeToString(sum[:]) + "  " + evidence.FileOf(p) + "\n"
		}
	}
	out[evidence.SumsFile] = &fstest.MapFile{Data: []byte(sums)}
	return out
}

func TestChangedListsAreFoundThoughTheirDigestsFit(t *testing.T) {
	k := key(t, 1)
	files, _ := make1(9, k).bundle(t)
	other, _ := make1(12, k).bundle(t)
	lines := func(f fstest.MapFS, part string) [][]byte {
		return bytes.SplitAfter(bytes.TrimSuffix(unpacked(t, f, part), []byte("\n")), []byte("\n"))
	}
	join := func(lines [][]byte) []byte {
		var out []byte
		for _, l := range lines {
			out = append(append(out, bytes.TrimSuffix(l, []byte("\n"))...), '\n')
		}
		return out
	}
	for _, part := range []string{evidence.PartRecords, evidence.PartInputs, evidence.PartAnswers} {
		have := lines(files, part)
		for what, change := range map[string]func([][]byte) [][]byte{
			"the last removed":  func(l [][]byte) [][]byte { return l[:len(l)-1] },
			"the first removed": func(l [][]byte) [][]byte { return l[1:] },
			"one removed":       func(l [][]byte) [][]byte { return slices.Delete(l, 3, 4) },
			"all removed":       func(l [][]byte) [][]byte { return nil },
			"two exchanged":     func(l [][]byte) [][]byte { l[2], l[4] = l[4], l[2]; return l },
			"one twice":         func(l [][]byte) [][]byte { return slices.Insert(l, 3, l[3]) },
			"the last twice":    func(l [][]byte) [][]byte { return append(l, l[len(l)-1]) },
			"one of another":    func(l [][]byte) [][]byte { l[5] = []byte(`{"v":1}`); return l },
			"an empty line":     func(l [][]byte) [][]byte { return append(l, nil) },
		} {
			v := verify(t, replaced(t, files, part, join(change(slices.Clone(have)))), k)
			if v.Failed != evidence.LevelRun {
				t.Errorf("%s: %s: level %d\n%s", part, what, v.Failed, said(v))
			}
		}
	}
	for _, part := range []string{evidence.PartRecords, evidence.PartInputs, evidence.PartTerms, evidence.PartPolicy, evidence.PartResult, evidence.PartSummaries} {
		data := unpacked(t, other, part)
		if part == evidence.PartPolicy || part == evidence.PartTerms {
			data = bytes.Replace(data, []byte("m"), []byte("n"), 1)
		}
		if v := verify(t, replaced(t, files, part, data), k); v.Failed != evidence.LevelRun {
			t.Errorf("%s of another run: level %d\n%s", part, v.Failed, said(v))
		}
	}
	if v := verify(t, replaced(t, files, evidence.PartStatement, other[evidence.PartStatement].Data), k); v.Failed != evidence.LevelRun {
		t.Errorf("the statement of another run: level %d\n%s", v.Failed, said(v))
	}
}

func TestSummariesThatAreTakenOutAreMissed(t *testing.T) {
	k := key(t, 1)
	for what, signer := range map[string]*evidence.Signer{"signed": k, "unsigned": nil} {
		m := make1(3, signer)
		files, _ := m.bundle(t)
		if files[evidence.PartSummaries] == nil {
			t.Fatal("the run vouches for nothing")
		}
		without := maps.Clone(files)
		delete(without, evidence.PartSummaries)
		without = replaced(t, without, evidence.PartRecords, unpacked(t, files, evidence.PartRecords))
		if v := verify(t, without, signer); v.Failed != evidence.LevelRun || !strings.Contains(said(v), "some were removed") {
			t.Errorf("%s: level %d\n%s", what, v.Failed, said(v))
		}
	}
}

func TestOnlyRegularFilesOfABundleAreOpened(t *testing.T) {
	files, _ := make1(2, nil).bundle(t)
	for name, file := range files {
		for _, mode := range []fs.FileMode{fs.ModeNamedPipe, fs.ModeDir, fs.ModeSymlink, fs.ModeDevice, fs.ModeSocket} {
			broken := maps.Clone(files)
			broken[name] = &fstest.MapFile{Data: file.Data, Mode: mode}
			if v := verify(t, broken, nil); !slices.Contains(levelOf(name), v.Failed) || !strings.Contains(said(v), "is no regular file") {
				t.Errorf("%s as %s: level %d\n%s", name, mode, v.Failed, said(v))
			}
		}
	}
}

func TestAStatementThatIsMadeToFitFailsItsSignature(t *testing.T) {
	k := key(t, 1)
	files, _ := make1(6, k).bundle(t)
	forged, _ := make1(3, key(t, 9)).bundle(t)
	if v := verify(t, forged, k); v.Failed != evidence.LevelSignature {
		t.Errorf("signed by another: level %d", v.Failed)
	}
	// The envelope's signature over another payload, and the right key's name over a wrong signature.
	var mine, other map[string]any
	for into, from := range map[*map[string]any]fstest.MapFS{&mine: files, &other: forged} {
		if err := json.Unmarshal(from[evidence.PartStatement].Data, into); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[{"keyid":%q,"sig":%q}]}`, mine["payloadType"], other["payload"],
		k.Fingerprint, mine["signatures"].([]any)[0].(map[string]any)["sig"])
	v := verify(t, replaced(t, forged, evidence.PartStatement, []byte(text)), k)
	if v.Failed != evidence.LevelSignature || !strings.Contains(said(v), "is not of the key") {
		t.Errorf("another payload: level %d\n%s", v.Failed, said(v))
	}
}

func TestAnInputCanBeErasedAndAllProofsStay(t *testing.T) {
	k := key(t, 1)
	files, digest := make1(6, k).bundle(t)
	lines := bytes.Split(bytes.TrimSuffix(unpacked(t, files, evidence.PartInputs), []byte("\n")), []byte("\n"))
	gone := evidence.Digest(lines[4])
	b, err := evidence.OpenBundle(files)
	if err != nil {
		t.Fatal(err)
	}
	erased := fstest.MapFS{}
	n, err := b.Without(context.Background(), creator(erased), []string{gone}, evidence.Erasure{At: now, Why: "asked for on 3 May"})
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	v := verify(t, erased, k)
	if v.Failed != 0 || v.Run != digest || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "1 input was erased") {
		t.Fatalf("level %d %s %v", v.Failed, said(v), v.Notes)
	}
	if bytes.Contains(unpacked(t, erased, evidence.PartInputs), []byte("Weakness 4")) {
		t.Error("the input is still there")
	}
	lied := bytes.Replace(unpacked(t, erased, evidence.PartInputs), []byte(gone), []byte(evidence.Digest([]byte("x"))), 1)
	if v := verify(t, replaced(t, files, evidence.PartInputs, lied), k); v.Failed != evidence.LevelRun {
		t.Errorf("erased under another digest: level %d", v.Failed)
	}
}

// What is appended after it was verified is what was verified: somebody may change the files in between.
func TestABundleThatWasVerifiedIsTheOneThatIsRead(t *testing.T) {
	files, _ := make1(3, nil).bundle(t)
	other, _ := make1(4, nil).bundle(t)
	b, v, err := evidence.OpenVerified(context.Background(), files, evidence.Options{})
	if err != nil || v.Failed != 0 {
		t.Fatal(v, err)
	}
	if _, err := evidence.Document(context.Background(), b, evidence.PartStatement); err != nil {
		t.Fatal(err)
	}
	maps.Copy(files, other)
	var damage *evidence.Damage
	if _, err := evidence.Document(context.Background(), b, evidence.PartStatement); !errors.As(err, &damage) {
		t.Errorf("another statement is read: %v", err)
	}
}

func TestWhatLiesBesideTheFilesOfABundleIsSaid(t *testing.T) {
	files, _ := make1(3, nil).bundle(t)
	if v := verify(t, files, nil); len(v.Notes) != 0 {
		t.Errorf("nothing lies beside it, and it says %q", v.Notes)
	}
	for i := range 7 {
		files[fmt.Sprintf("approved-%d.pdf", i)] = &fstest.MapFile{Data: []byte("x")}
	}
	files["a\x1b[2J"] = &fstest.MapFile{Data: []byte("x")}
	v := verify(t, files, nil)
	if v.Failed != 0 || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], `"a\x1b[2J", "approved-0.pdf"`) || !strings.Contains(v.Notes[0], "3 more") {
		t.Errorf("level %d, and it says %q", v.Failed, v.Notes)
	}
}

func TestHostileBundlesAreRefusedInLittleMemory(t *testing.T) {
	files, _ := make1(2, nil).bundle(t)
	deep := []byte(strings.Repeat(`{"decision":`, 100_000))
	for what, broken := range map[string]fstest.MapFS{
		"deep record":    replaced(t, files, evidence.PartRecords, append(deep, '\n')),
		"deep terms":     replaced(t, files, evidence.PartTerms, deep),
		"bomb of a line": replaced(t, files, evidence.PartRecords, make([]byte, 200<<20)),
		"bomb of lines":  replaced(t, files, evidence.PartRecords, bytes.Repeat([]byte("\n"), 50<<20)),
		"bomb of inputs": replaced(t, files, evidence.PartInputs, make([]byte, 200<<20)),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		v := verify(t, broken, nil)
		runtime.ReadMemStats(&after)
		if v.Failed != evidence.LevelRun {
			t.Errorf("%s: level %d", what, v.Failed)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 150<<20 {
			t.Errorf("%s: %d MiB", what, used>>20)
		}
	}
	for what, sums := range map[string]string{
		"a path out of the folder": strings.Repeat("0", 64) + "  ../terms.json\n",
		"an absolute path":         strings.Repeat("0", 64) + "  /etc/passwd\n",
		"another file":             strings.Repeat("0", 64) + "  notes.txt\n",
		"a file twice":             strings.Repeat(strings.Repeat("0", 64)+"  terms.json\n", 2),
		"too much":                 strings.Repeat("x", 1<<20),
	} {
		broken := maps.Clone(files)
		broken[evidence.SumsFile] = &fstest.MapFile{Data: []byte(sums)}
		if v := verify(t, broken, nil); v.Failed != evidence.LevelRun {
			t.Errorf("%s: level %d", what, v.Failed)
		}
	}
}

func TestCountsThatAreMadeUpAreFound(t *testing.T) {
	files, _ := make1(4, nil).bundle(t)
	for _, change := range [][2]string{
		{`"size":5`, `"size":9007199254740993`}, {`"size":5`, `"size":4`}, {`"size":5`, `"size":-1`}, {`"decisions":4`, `"decisions":3`},
		{`"errors":0`, `"errors":1`}, {`"attend":4`, `"attend":3`}, {`"waived":1`, `"waived":0`}, {`"tree":{`, `"tree":{"tree":{},`},
	} {
		var e map[string]any
		if err := json.Unmarshal(files[evidence.PartStatement].Data, &e); err != nil {
			t.Fatal(err)
		}
		payload, _ := base64.StdEncoding.DecodeString(e["payload"].(string))
		forged := bytes.Replace(payload, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(payload, forged) {
			t.Fatalf("%s is not there: %s", change[0], payload)
		}
		text := fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[]}`, e["payloadType"], base64.StdEncoding.EncodeToString(forged))
		if v := verify(t, replaced(t, files, evidence.PartStatement, []byte(text)), nil); v.Failed == 0 {
			t.Errorf("%s for %s is not found", change[1], change[0])
		}
	}
}

func TestTheSameRunGivesTheSameBytesOnAnyNumberOfCores(t *testing.T) {
	was := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(was)
	one, first := make1(1000, nil).bundle(t)
	runtime.GOMAXPROCS(4)
	for range 3 {
		many, digest := make1(1000, nil).bundle(t)
		if digest != first {
			t.Fatal("another digest")
		}
		for name, f := range one {
			if !bytes.Equal(f.Data, many[name].Data) {
				t.Fatalf("%s differs", name)
			}
		}
	}
}

func TestACaseWithoutAnAnswerLeavesNoEvidence(t *testing.T) {
	m := make1(600, nil)
	m.cases[599].Decision.Answer = ""
	if _, err := m.write(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "hg1-0000000000000257 on checkout: the policy's answer is not there") {
		t.Error(err)
	}
}

func TestRecordsHaveNoTextOfReports(t *testing.T) {
	m := make1(5, key(t, 1))
	files, _ := m.bundle(t)
	for _, part := range []string{evidence.PartRecords, evidence.PartStatement, evidence.PartTerms} {
		if bytes.Contains(unpacked(t, files, part), []byte("Weakness")) {
			t.Errorf("%s has the title of a finding", part)
		}
	}
}

func TestReportOnlyRunsVouchForNoArtifact(t *testing.T) {
	m := make1(3, nil)
	m.terms.Settings.ReportOnly = true
	files, _ := m.bundle(t)
	if files[evidence.PartSummaries] != nil {
		t.Error("there is a summary")
	}
	if v := verify(t, files, nil); v.Failed != 0 {
		t.Error(said(v))
	}
	m = make1(3, nil)
	m.result.Outcome = engine.Block
	files, _ = m.bundle(t)
	var e map[string]any
	if err := json.Unmarshal(files[evidence.PartSummaries].Data, &e); err != nil {
		t.Fatal(err)
	}
	payload, _ := base64.StdEncoding.DecodeString(e["payload"].(string))
	if !bytes.Contains(payload, []byte(`"verificationResult":"FAILED","verifiedLevels":["FAILED"]`)) {
		t.Errorf("a blocked run says %s", payload)
	}
	if v, err := evidence.VerifyBundle(context.Background(), files, evidence.Options{}); err != nil || v.Failed != 0 {
		t.Error(err, said(v))
	}
}
