package engine_test

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/headgate/headgate/engine"
)

var update = flag.Bool("update", false, "write what the goldens should be")

// The golden lists every built-in function that is compiled in: whoever takes a new version of OPA sees in its difference what policies
// could call from then on, and has to say of each that it reads no clock, network, randomness or environment.
func TestEveryBuiltinIsAllowedOrRefusedWithItsReason(t *testing.T) {
	var b bytes.Buffer
	allowed := engine.Builtins()
	for _, f := range ast.CapabilitiesForThisVersion().Builtins {
		why := engine.Refused(f.Name)
		switch may := slices.Contains(allowed, f.Name); {
		case may && (why != "" || f.Nondeterministic):
			t.Errorf("%s is allowed, though it %s (nondeterministic: %v)", f.Name, why, f.Nondeterministic)
		case may:
			fmt.Fprintf(&b, "allowed  %s\n", f.Name)
		case why == "":
			t.Errorf("%s is refused, and nobody says why", f.Name)
		default:
			fmt.Fprintf(&b, "refused  %s: %s\n", f.Name, why)
		}
	}
	golden := filepath.Join("testdata", "builtins.golden")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the built-in functions are not those of %s (-update writes it, and then look at the difference): %v", golden, err)
	}
}

func TestARefusedBuiltinIsNamedWithItsReason(t *testing.T) {
	_, err := tryLoad(own(`deny contains "x" if opa.runtime().env.HOME`), nil)
	if want := ".headgate/policies/mine/mine.rego:3: policies may not call opa.runtime: it reads the environment, which holds secrets"; err == nil || err.Error() != want {
		t.Errorf("have %v, want %s", err, want)
	}
}

// A schema in METADATA could make the compiler open a file or dial a host. Neither may happen, whatever way it is referred to.
func TestSchemasOfMetadataReachNeitherFilesNorTheNetwork(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no address to listen on")
	}
	defer listener.Close()
	hit := make(chan string, 10)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			hit <- c.RemoteAddr().String()
			c.Close()
		}
	}()
	secret := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(secret, []byte(`{"type": "object", "properties": {"found": {"type": "string"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	host := "http://" + listener.Addr().String() + "/schema.json"
	for _, schema := range []string{
		`{"$ref": "` + host + `"}`,
		`{"type": "object", "properties": {"finding": {"$ref": "` + host + `"}}}`,
		`{"$id": "` + host + `", "properties": {"finding": {"$ref": "#/definitions/x"}}}`,
		`{"id": "` + host + `", "properties": {"finding": {"$ref": "#/definitions/x"}}}`,
		`{"$ref": "file://` + secret + `"}`,
		`{"$ref": "/` + secret + `"}`,
		`{"allOf": [{"$ref": "file://` + secret + `"}]}`,
	} {
		_, err := tryLoad(own("# METADATA\n# schemas:\n#   - input: "+schema+"\ndeny contains \"x\" if input.finding.id\n"), nil)
		if err == nil || !strings.HasPrefix(err.Error(), ".headgate/policies/mine/mine.rego:3: the schema in METADATA has ") {
			t.Errorf("%s: have %v", schema, err)
		}
	}
	select {
	case from := <-hit:
		t.Errorf("dialled from %s", from)
	default:
	}
	if _, err := tryLoad(own("# METADATA\n# schemas:\n#   - input: {\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"string\"}, \"finding\": {\"$ref\": \"#/properties/id\"}}}\n"+
		"deny contains \"x\" if input.finding == \"x\"\n"), nil); err != nil {
		t.Errorf("a schema that refers to its own parts: %v", err)
	}
}
