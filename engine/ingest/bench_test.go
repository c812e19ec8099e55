package ingest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// BenchmarkRead reads a large report of each format and compares with encoding/json, which reads the same file into a tree of any:
// "x-tree" says how many times faster reading is by the clock, and "x-tree-cpu" by the time of all cores together. "peak-MB" and "tree-peak-MB" are how far the heap grows above where it was.
func BenchmarkRead(b *testing.B) {
	const size = 100 << 20
	for _, c := range []struct {
		format string
		write  func(w io.Writer, size int)
	}{
		{"sarif", writeCodeQL},
		{"trivy", writeTrivy},
		{"cyclonedx", writeCycloneDX},
	} {
		b.Run(c.format, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "report.json")
			writeFile(b, path, func(w io.Writer) { c.write(w, size) })
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}

			var findings int
			read := func() {
				f := open(b, path)
				defer f.Close()
				report, found, err := read("report.json", f, Options{})
				if err != nil || report.Format != c.format || len(found) == 0 {
					b.Fatal(report.Format, len(found), err)
				}
				findings = len(found)
			}
			tree := func() {
				f := open(b, path)
				defer f.Close()
				var v any
				if err := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&v); err != nil {
					b.Fatal(err)
				}
			}

			// The best of several alternating runs of each: what else the machine does must not count for one of them only.
			best := func(a, b cost) cost { return cost{min(a.took, b.took), min(a.cpu, b.cpu), max(a.grew, b.grew)} }
			trees, reads := measure(tree), measure(read)
			for range 2 {
				trees, reads = best(trees, measure(tree)), best(reads, measure(read))
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
			b.ReportMetric(float64(trees.took)/float64(reads.took), "x-tree")
			if reads.cpu > 0 {
				b.ReportMetric(float64(trees.cpu)/float64(reads.cpu), "x-tree-cpu")
			}
			b.ReportMetric(reads.grew, "peak-MB")
			b.ReportMetric(trees.grew, "tree-peak-MB")
			b.ReportMetric(float64(findings), "findings")
		})
	}
}

func open(b *testing.B, path string) *os.File {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func writeFile(b *testing.B, path string, write func(io.Writer)) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// A cost is what a run took: time by the clock, time of all cores, and megabytes that the heap grew meanwhile.
type cost struct {
	took, cpu time.Duration
	grew      float64
}

// measure runs f once.
func measure(f func()) cost {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before := heap()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-stop:
				peak <- max(most, heap())
				return
			}
		}
	}()
	start, used := time.Now(), cpuTime()
	f()
	c := cost{took: time.Since(start), cpu: cpuTime() - used}
	close(stop)
	c.grew = float64(<-peak-before) / (1 << 20)
	return c
}

// writeCodeQL writes a log as CodeQL does with snippets: most of it are code flows, which say how data came to where it does harm.
func writeCodeQL(w io.Writer, size int) {
	const rules, files = 60, 2000
	artifact := func(file int) string {
		return fmt.Sprintf(`"artifactLocation":{"uri":"src/main/java/com/example/module%d/Handler%d.java","uriBaseId":"%%SRCROOT%%","index":%d}`, file%40, file, file)
	}
	place := func(file, line int) string {
		return fmt.Sprintf(`"physicalLocation":{%s,"region":{"startLine":%d,"startColumn":24,"endColumn":51,"snippet":{"text":"        String value = request.getParameter(\"name%d\");"}},`+
			`"contextRegion":{"startLine":%d,"endLine":%d,"snippet":{"text":"    public void handle(Request request) {\n        String value = request.getParameter(\"name%d\");\n        render(\"<b>\" + value);\n    }\n"}}}`,
			artifact(file), line, line, line-1, line+2, line)
	}
	written := 0
	out := func(format string, args ...any) {
		n, _ := fmt.Fprintf(w, format, args...)
		written += n
	}
	out(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"CodeQL","semanticVersion":"2.23.3"},"extensions":[{"name":"codeql/java-queries","semanticVersion":"1.8.2","rules":[`)
	for i := range rules {
		if i > 0 {
			out(",")
		}
		out(`{"id":"java/rule-%d","name":"java/rule-%d","shortDescription":{"text":"Rule %d"},"fullDescription":{"text":"A rule that finds what users send and the program trusts."},"defaultConfiguration":{"enabled":true,"level":"error"},`+
			`"help":{"text":"# Rule %d\nWhat users send must be checked before it is used.\n"},"properties":{"tags":["security","external/cwe/cwe-%03d"],"kind":"path-problem","precision":"high","security-severity":"%d.%d"}}`,
			i, i, i, i, 20+i, 4+i%6, i%10)
	}
	out(`]}]},"artifacts":[`)
	for i := range files {
		if i > 0 {
			out(",")
		}
		out(`{"location":{%s}}`, artifact(i)[len(`"artifactLocation":{`):len(artifact(i))-1])
	}
	out(`],"results":[`)
	for i := 0; written < size; i++ {
		if i > 0 {
			out(",")
		}
		file, line := i*7%files, 10+i%900
		out(`{"ruleId":"java/rule-%d","ruleIndex":%d,"rule":{"id":"java/rule-%d","index":%d,"toolComponent":{"index":0}},"message":{"text":"This value depends on a [user-provided value](1)."},"locations":[{%s}],`+
			`"partialFingerprints":{"primaryLocationLineHash":"%016x:1","primaryLocationStartColumnFingerprint":"15"}`,
			i%rules, i%rules, i%rules, i%rules, place(file, line), uint64(i)*0x9e3779b97f4a7c15)
		if steps := []int{0, 4, 8, 12, 20}[i%5]; steps > 0 {
			out(`,"codeFlows":[`)
			for flow := range 4 {
				if flow > 0 {
					out(",")
				}
				out(`{"threadFlows":[{"locations":[`)
				for step := range steps {
					if step > 0 {
						out(",")
					}
					out(`{"location":{%s,"message":{"text":"getParameter(...) : String"}}}`, place((file+flow)%files, line+step))
				}
				out(`]}]}`)
			}
			out(`]`)
		}
		out(`,"relatedLocations":[{"id":1,%s,"message":{"text":"user-provided value"}}]}`, place(file, line-5))
	}
	out(`],"columnKind":"utf16CodeUnits"}]}`)
}
