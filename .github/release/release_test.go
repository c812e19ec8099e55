package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A checkout is a small repository that is released as this one is.
type checkout struct {
	t    *testing.T
	root string
}

const small = `package main

import "fmt"

var version, commit, commitDate string

func main() { fmt.Println(version, commit, commitDate) }
`

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t, t.TempDir()}
	c.git("init", "-q", "-b", "main")
	c.write("go.mod", "module "+ours+"\n\ngo 1.26.3\n\ntoolchain "+runtime.Version()+"\n")
	c.write("cmd/headgate/main.go", small)
	c.write("LICENSE", read(t, filepath.Join("..", "..", "LICENSE")))
	c.write(table, read(t, filepath.Join("..", "..", filepath.FromSlash(table))))
	c.commit("begin")
	return c
}

func (c *checkout) git(args ...string) string {
	c.t.Helper()
	out, err := exec.Command("git", append([]string{"-C", c.root, "-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c *checkout) write(name, text string) {
	c.t.Helper()
	name = filepath.Join(c.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkout) commit(message string) {
	c.t.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "-m", message)
}

// release runs the command, and gives what it says.
func (c *checkout) release(args ...string) (string, error) {
	c.t.Helper()
	var out bytes.Buffer
	err := run(c.t.Context(), append(args, "--repository", c.root), &out)
	return out.String(), err
}

func (c *checkout) must(args ...string) string {
	c.t.Helper()
	said, err := c.release(args...)
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, said)
	}
	return said
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files are those of a folder, with their contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		all[e.Name()] = read(t, filepath.Join(dir, e.Name()))
	}
	return all
}

// unpacked are the files of a tar, with their headers.
func unpacked(t *testing.T, archive io.Reader) (headers []*tar.Header, contents map[string][]byte) {
	t.Helper()
	contents = map[string][]byte{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return headers, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		if contents[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
	}
}

func unzipped(t *testing.T, packed string) io.Reader {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// The whole way of a release: built, pinned, tagged, built again from the tag, compared, and taken by the action.
func TestWhatATagPinsIsWhatIsBuiltFromIt(t *testing.T) {
	c := newCheckout(t)
	source := c.git("rev-parse", "HEAD")
	dist := filepath.Join(c.root, "dist")
	said := c.must("build", "v1.2.3", "--once")
	if !strings.Contains(said, "from commit "+source) {
		t.Errorf("it says\n%s", said)
	}
	first := files(t, dist)
	if len(first) != len(platforms)+4 {
		t.Errorf("the release has %d files", len(first))
	}
	if _, err := c.release("check", "v1.2.3"); err == nil || !strings.Contains(err.Error(), "has no digests of v1.2.3") {
		t.Errorf("nothing is pinned, and it says %v", err)
	}
	c.must("pin", "v1.2.3")
	if _, err := c.release("pin", "v1.2.3"); err == nil || !strings.Contains(err.Error(), "released once") {
		t.Errorf("it is pinned twice, and it says %v", err)
	}
	c.git("add", table)
	c.git("commit", "-q", "-m", "Release v1.2.3")
	c.git("tag", "v1.2.3")

	// Somebody else has the tag alone, another folder and another day.
	other := &checkout{t, filepath.Join(t.TempDir(), "a", "clone")}
	if out, err := exec.Command("git", "clone", "-q", "--branch", "v1.2.3", c.root, other.root).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	other.must("build", "v1.2.3", "--once")
	other.must("check", "v1.2.3")
	for name, content := range files(t, filepath.Join(other.root, "dist")) {
		if first[name] != content {
			t.Errorf("%s is another file when it is built from the tag", name)
		}
	}

	// The action of the tag takes it from a server that has the files, and the program knows its commit.
	if runtime.GOOS == "linux" {
		program := other.install(first)
		out, err := exec.Command(program).Output()
		if want := "v1.2.3 " + source + " "; err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("it says %q, %v", out, err)
		}
	}

	// A commit that changes more than the digests is no release of what was built before.
	other.write("cmd/headgate/main.go", strings.Replace(small, "version, commit, commitDate)", `"stolen")`, 1))
	other.commit("change the program")
	other.must("build", "v1.2.3", "--once")
	if _, err := other.release("check", "v1.2.3"); err == nil || !strings.Contains(err.Error(), "is not what the commit pins") {
		t.Errorf("the program is another, and it says %v", err)
	}
}

// install has the action's script get the release from a server that has files.
func (c *checkout) install(release map[string]string) string {
	c.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := release[strings.TrimPrefix(r.URL.Path, "/v1.2.3/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, content)
	}))
	defer server.Close()
	temp := c.t.TempDir()
	script, err := filepath.Abs(filepath.Join("..", "action", "install.sh"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, command := range []string{"choose", "get"} {
		cmd := exec.Command("bash", script, command)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GITHUB_ACTION_PATH=" + c.root, "RUNNER_TEMP=" + temp, "RUNNER_OS=Linux",
			"RUNNER_ARCH=" + map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH],
			"GITHUB_OUTPUT=" + filepath.Join(temp, "output"), "VERSION=", "HEADGATE_RELEASES=" + server.URL}
		if out, err := cmd.CombinedOutput(); err != nil {
			c.t.Fatalf("install.sh %s: %s", command, out)
		}
	}
	if from := read(c.t, filepath.Join(temp, "output")); from != "from=release\n" {
		c.t.Errorf("the action takes it %s", from)
	}
	return filepath.Join(temp, "headgate", "headgate")
}

func TestArchivesTellNothingOfWhoBuiltThem(t *testing.T) {
	c := newCheckout(t)
	host := runtime.GOOS + "/" + runtime.GOARCH
	c.must("build", "v1.2.3-rc.1", "--only", host) // twice, with an empty cache
	dist := files(t, filepath.Join(c.root, "dist"))
	name := "headgate_1.2.3-rc.1_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	headers, contents := unpacked(t, unzipped(t, dist[name]))
	var names []string
	for _, h := range headers {
		names = append(names, h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Unix() != headers[0].ModTime.Unix() {
			t.Errorf("%s is of %s (%d) and of %s", h.Name, h.Uname, h.Uid, h.ModTime)
		}
	}
	if !slices.Equal(names, []string{"headgate", "LICENSE", "LICENCES.txt"}) {
		t.Errorf("the archive has %v", names)
	}
	if date := c.git("show", "--no-patch", "--format=%ct", "HEAD"); headers[0].ModTime.UTC().Format("20060102150405") != dateOf(date) {
		t.Errorf("the files are of %s, the commit of %s", headers[0].ModTime, date)
	}
	for _, folder := range []string{c.root, os.TempDir()} {
		if bytes.Contains(contents["headgate"], []byte(folder+"/")) {
			t.Errorf("the program has the folder %s in it", folder)
		}
	}
}

func dateOf(seconds string) string {
	out, err := exec.Command("date", "-u", "-d", "@"+seconds, "+%Y%m%d%H%M%S").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func TestABuildThatDiffersIsNoRelease(t *testing.T) {
	c := newCheckout(t)
	c.write("go.mod", "module "+ours+"\n\ngo 1.26.3\n\ntoolchain go1.26.0\n")
	c.commit("another toolchain")
	host := runtime.GOOS + "/" + runtime.GOARCH
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOPROXY", "off")
	if said, err := c.release("build", "v1.2.3", "--only", host, "--once"); err == nil {
		t.Errorf("another toolchain builds a release: %s", said)
	}
	c.write("go.mod", "module "+ours+"\n\ngo 1.26.3\n")
	c.commit("no toolchain")
	if _, err := c.release("build", "v1.2.3", "--only", host); err == nil || !strings.Contains(err.Error(), "names no toolchain") {
		t.Errorf("it says %v", err)
	}
	for _, args := range [][]string{{"build", "1.2.3"}, {"build", "v1.2.3; rm"}, {"build", "v1.2.3", "--only", "plan9/mips"}, {"release", "v1.2.3"}, {"pin", "v1.2.3"}} {
		if said, err := c.release(args...); err == nil {
			t.Errorf("%v is done: %s", args, said)
		}
	}
	if at := differsAt([]byte("same"), []byte("sane")); at != 2 {
		t.Errorf("they differ at %d", at)
	}
}

// What is listed, and what stands in the table, is what lies there.
func TestAFileThatWasChangedAfterItWasBuiltIsNotPinned(t *testing.T) {
	dist, list := t.TempDir(), filepath.Join(t.TempDir(), "checksums.txt")
	var sums strings.Builder
	for _, p := range platforms {
		name := "headgate_1.2.3_" + strings.ReplaceAll(p, "/", "_") + ".tar.gz"
		put(t, filepath.Join(dist, name), p)
		sums.WriteString(hex(p) + "  " + name + "\n")
	}
	put(t, filepath.Join(dist, "checksums.txt"), sums.String())
	put(t, list, "# digests\n")
	if err := pin(list, dist, "v1.2.3"); err != nil || read(t, list) != "# digests\n"+sums.String() {
		t.Errorf("the table is %q: %v", read(t, list), err)
	}
	put(t, filepath.Join(dist, "headgate_1.2.3_linux_arm64.tar.gz"), "other")
	if err := check(list, dist, "v1.2.3"); err == nil || !strings.Contains(err.Error(), "headgate_1.2.3_linux_arm64.tar.gz has the digest "+hex("other")) {
		t.Errorf("it says %v", err)
	}
	put(t, filepath.Join(dist, "checksums.txt"), "")
	if err := pin(list, dist, "v1.2.4"); err == nil || !strings.Contains(err.Error(), "has 0 archives") {
		t.Errorf("it says %v", err)
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func hex(text string) string {
	s := sha256.Sum256([]byte(text))
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, b := range s {
		out.WriteByte(digits[b>>4])
		out.WriteByte(digits[b&15])
	}
	return out.String()
}

// parts are those of this program as it stands, on all platforms; nothing is built for that.
func parts(t *testing.T) (*release, []*part) {
	t.Helper()
	r := &release{source: &source{toolchain: runtime.Version(), commit: strings.Repeat("ab", 20)}, version: "v1.2.3", platforms: platforms}
	all, err := r.linked(t.Context(), filepath.Join("..", ".."), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, all
}

// A new part whose licence is not known, or is one that does not let it be passed on, fails here.
func TestAllPartsMayBePassedOnWithTheirLicences(t *testing.T) {
	_, all := parts(t)
	texts := string(licenceTexts(all))
	for _, p := range all {
		if p.path == ours {
			continue
		}
		if len(p.licences) == 0 || len(p.texts) == 0 {
			t.Errorf("%s has no licence", p.path)
		}
		for _, text := range p.texts {
			if body := strings.TrimSpace(strings.ReplaceAll(string(text.content), "\r\n", "\n")); !strings.Contains(texts, body) {
				t.Errorf("%s of %s is not passed on", text.name, p.path)
			}
		}
	}
	for _, known := range []string{"github.com/open-policy-agent/opa", "modernc.org/sqlite", "github.com/inconshreveable/mousetrap", std} { // the third is of Windows
		if !slices.ContainsFunc(all, func(p *part) bool { return p.path == known }) {
			t.Errorf("%s is not among the parts", known)
		}
	}
	if all[0].path != ours || len(all[0].needs) == 0 {
		t.Errorf("the first part is %s, which needs %d", all[0].path, len(all[0].needs))
	}
}

func TestALicenceThatDoesNotLetAPartBePassedOnIsRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "COPYING"), "GNU AFFERO GENERAL PUBLIC LICENSE\n                       Version 3, 19 November 2007\n\n"+
		"SPDX-License-Identifier: AGPL-3.0-only\n")
	p := newPart("example.com/copyleft", "v1.0.0")
	p.dir = dir
	if err := p.readLicences(); err == nil {
		t.Error("it is passed on")
	}
	put(t, filepath.Join(dir, "COPYING"), "do as you please\n")
	if err := p.readLicences(); err == nil || !strings.Contains(err.Error(), "no licence that is known") {
		t.Errorf("it says %v", err)
	}
}

func TestTheSBOMIsValidAndListsEveryPart(t *testing.T) {
	r, all := parts(t)
	text, err := r.sbom(all)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	for url, schema := range map[string]string{
		// Of the two that the schema refers to nothing is used but that an id of a licence is none of ours.
		"http://cyclonedx.org/schema/spdx.schema.json":     `{"not": {}}`,
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": `{"definitions": {"signature": {"not": {}}}}`,
		"http://cyclonedx.org/schema/bom-1.6.schema.json":  read(t, filepath.Join("..", "..", "engine", "report", "testdata", "schemas", "cyclonedx-1.6.schema.json")),
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
	var doc struct {
		SerialNumber string
		Components   []struct {
			PURL, Name string
			Licenses   []struct{ Expression string }
		}
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Components) != len(all)-1 || len(doc.Dependencies) != len(all) || len(doc.Dependencies[0].DependsOn) == 0 {
		t.Errorf("of %d parts it lists %d, and the needs of %d", len(all), len(doc.Components), len(doc.Dependencies))
	}
	for _, c := range doc.Components {
		if !strings.HasPrefix(c.PURL, "pkg:golang/") || len(c.Licenses) != 1 || c.Licenses[0].Expression == "" {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(doc.SerialNumber) {
		t.Errorf("its number is %s", doc.SerialNumber)
	}
	again, err := r.sbom(all)
	if err != nil || !bytes.Equal(text, again) {
		t.Error("it is another one the second time")
	}
}

// Every blob is what its name says, and everything that is named is there, with its size.
func TestTheImageIsALayoutOfTwoImages(t *testing.T) {
	r := &release{source: &source{commit: strings.Repeat("ab", 20)}, version: "v1.2.3"}
	programs := []*program{{os: "linux", arch: "amd64", binary: []byte("one")}, {os: "windows", arch: "amd64", binary: []byte("no")}, {os: "linux", arch: "arm64", binary: []byte("two")}}
	packed, err := r.image(programs, []byte("licence"), []byte("others"))
	if err != nil {
		t.Fatal(err)
	}
	_, blobs := unpacked(t, bytes.NewReader(packed))
	fetch := func(d v1.Descriptor, into any) []byte {
		t.Helper()
		blob, ok := blobs["blobs/sha256/"+d.Digest.Encoded()]
		if !ok || int64(len(blob)) != d.Size || hex(string(blob)) != d.Digest.Encoded() {
			t.Fatalf("%s of %d bytes is not there, or is another", d.Digest, d.Size)
		}
		if into != nil {
			if err := json.Unmarshal(blob, into); err != nil {
				t.Fatal(err)
			}
		}
		return blob
	}
	var top, index v1.Index
	if err := json.Unmarshal(blobs["index.json"], &top); err != nil || len(top.Manifests) != 1 || string(blobs["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Fatalf("the layout is %s: %v", blobs["index.json"], err)
	}
	fetch(top.Manifests[0], &index)
	for i, want := range []string{"amd64", "arm64"} {
		var m v1.Manifest
		var config v1.Image
		fetch(index.Manifests[i], &m)
		fetch(m.Config, &config)
		headers, contents := unpacked(t, unzipped(t, string(fetch(m.Layers[0], nil))))
		if index.Manifests[i].Platform.Architecture != want || config.Architecture != want || config.Config.User != "65532:65532" || string(contents["usr/bin/headgate"]) != []string{"one", "two"}[i] {
			t.Errorf("%s: %+v", want, config)
		}
		if n := bytes.Count(contents["etc/ssl/certs/ca-certificates.crt"], []byte("BEGIN CERTIFICATE")); n < 100 {
			t.Errorf("it knows %d authorities", n)
		}
		for _, h := range headers {
			if h.Mode&0o6000 != 0 || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
				t.Errorf("%s has the mode %o and the type %c", h.Name, h.Mode, h.Typeflag)
			}
		}
	}
}

// The program itself, twice on this machine's platform: with HEADGATE_LONG, as each of the builds starts from nothing.
func TestThisProgramIsBuiltToTheSameBytesTwice(t *testing.T) {
	if os.Getenv("HEADGATE_LONG") == "" {
		t.Skip("HEADGATE_LONG is not set")
	}
	dist := t.TempDir()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"build", "v1.2.3", "--repository", filepath.Join("..", ".."), "--dist", dist, "--only", runtime.GOOS + "/" + runtime.GOARCH}, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
}
