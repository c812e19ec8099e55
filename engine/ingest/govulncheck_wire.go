package ingest

// What is read of govulncheck's JSON, under its names (https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck).

type govulnConfig struct {
	Protocol  text `json:"protocol_version"`
	Name      word `json:"scanner_name"`
	Version   word `json:"scanner_version"`
	ScanLevel text `json:"scan_level"` // module, package or symbol
	ScanMode  text `json:"scan_mode"`  // source, binary …; absent before version 1.1
	OldName   word `json:"name"`       // version 0.1
	OldVer    word `json:"version"`    // version 0.1
}

type govulnProgress struct {
	Time    text `json:"time"`
	Message text `json:"message"`
}

type govulnFinding struct {
	OSV   word              `json:"osv"`
	Fixed word              `json:"fixed_version"`
	Trace list[govulnFrame] `json:"trace"` // from the vulnerable symbol to the entry
}

type govulnFrame struct {
	Module   word            `json:"module"`
	Version  word            `json:"version"`
	Package  word            `json:"package"`
	Function word            `json:"function"`
	Position loose[govulnAt] `json:"position"`
}

type govulnAt struct {
	File word   `json:"filename"` // relative to the module
	Line number `json:"line"`
}

// A govulnOld is a vulnerability as versions before 1.0 wrote it: with modules, or, before 0.1, one for each symbol with the sinks of
// the call graph. Names differ in case and underscores.
type govulnOld struct {
	OSV        loose[osvEntry]       `json:"osv,case:ignore"`
	Modules    list[govulnOldModule] `json:"modules,case:ignore"`
	ModPath    word                  `json:"ModPath"`
	CallSink   number                `json:"CallSink"`   // 0: not called
	ImportSink number                `json:"ImportSink"` // 0: not imported
}

type govulnOldModule struct {
	Path     word                   `json:"path,case:ignore"`
	Found    word                   `json:"found_version,case:ignore"`
	Version  word                   `json:"Version"`
	Fixed    word                   `json:"fixed_version,case:ignore"`
	Packages list[govulnOldPackage] `json:"packages,case:ignore"`
}

type govulnOldPackage struct {
	CallStacks list[struct{}] `json:"callstacks,case:ignore"`
}
