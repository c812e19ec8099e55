package ingest

import "testing"

func TestModulePathInTheSubpathOfAPackageURLIsTheSameModule(t *testing.T) {
	const name, version = "github.com/golang-jwt/jwt/v5", "v5.2.1"
	syft := packageOf("pkg:golang/github.com/golang-jwt/jwt@v5.2.1#v5", "go-module", name, version)
	trivy := packageOf("pkg:golang/github.com/golang-jwt/jwt/v5@v5.2.1", "gobinary", name, version)
	if syft.PURL != trivy.PURL || syft.Name != name || trivy.Name != name {
		t.Errorf("%+v and %+v are one module", syft, trivy)
	}
	// By the specification a subpath is a folder of the module, and that is no part of the component.
	folder := packageOf("pkg:golang/google.golang.org/genproto@v0.1.0#googleapis/api", "golang", "google.golang.org/genproto", "v0.1.0")
	if folder.PURL != "pkg:golang/google.golang.org/genproto" {
		t.Errorf("%s has the subpath of its URL", folder.PURL)
	}
}
