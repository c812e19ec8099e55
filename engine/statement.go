package engine

import "time"

// A Statement is what a VEX document says of one vulnerability in some products.
type Statement struct {
	Vulnerability *Vulnerability // all names that the document gives it
	Products      []Product      // what it speaks of; none: nothing, since a statement without products says nothing of anything
	VEX           VEX
	Time          time.Time // when it was said; of two statements on the same the later counts
	Report        string    // digest of the report whose findings alone it speaks of, as in Source; empty: any
}

// A Product is something that a Statement speaks of: a component by its package URL or name, or an image or other target by its
// name, in which case Subcomponents says which of its components are meant (none: all).
type Product struct {
	PURL          string // with version and qualifiers, as stated; without a version all versions are meant
	Name          string // where there is no package URL: of the component, image or repository
	Version       string // absent: all versions, unless there is a range
	Range         string // of versions, as stated ("vers:npm/<1.4.2"); one that cannot be read is of no version
	Subcomponents []Product

	// Package is what the package URL names, in the form of findings' packages; nil without a URL that parses.
	Package *Package
}
