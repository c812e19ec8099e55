package ingest

import (
	"cmp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// resourceTarget is the target for a resource of a cloud, by its type, id and name, and the image's reference if it is one: an image
// or repository by its name, anything else by its id. Without an id it is the repository of the options.
func (b *batch) resourceTarget(kind, id, name string, tags ...string) (engine.Target, string) {
	is := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(kind))
	if image := ecrImage(id, tags); image != "" {
		return ImageTarget(image), image
	}
	switch {
	case id == "" && name == "":
		return b.repository(), ""
	case strings.Contains(is, "containerimage"):
		image := imageReference(name, id)
		return ImageTarget(image), image
	case strings.Contains(is, "repository"):
		return engine.Target{Type: engine.TargetRepository, Name: cmp.Or(name, id)}, ""
	}
	return engine.Target{Type: engine.TargetHost, Name: cmp.Or(id, name)}, ""
}

// ecrImage is the reference of an image in Amazon's registry by its ARN, "arn:aws:ecr:REGION:ACCOUNT:repository/NAME/sha256:…", as other
// scanners name the same image; of any other ARN it is empty.
func ecrImage(arn string, tags []string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[2] != "ecr" {
		return ""
	}
	path, ok := strings.CutPrefix(parts[5], "repository/")
	if !ok {
		return ""
	}
	name, digest, _ := strings.Cut(path, "/sha256:")
	ref := parts[4] + ".dkr.ecr." + parts[3] + ".amazonaws.com/" + name
	if len(tags) > 0 && tags[0] != "" {
		ref += ":" + tags[0]
	}
	if digest != "" {
		ref += "@sha256:" + digest
	}
	return ref
}

// awsEcosystem is the ecosystem of a package manager as Amazon Inspector names it. Of the packages of an operating system the platform,
// "UBUNTU_22_04", says which.
func awsEcosystem(manager, platform string) string {
	switch m := strings.ToLower(manager); m {
	case "os":
		system, _, _ := strings.Cut(strings.ToLower(platform), "_")
		return system
	case "pythonpkg":
		return "python-pkg"
	case "nodepkg":
		return "node-pkg"
	case "dotnetcore":
		return "dotnet-core"
	default:
		return m
	}
}

// distributionVersion is a version as distributions write it: "EPOCH:VERSION-RELEASE", in which an epoch of 0 goes without saying.
func distributionVersion(epoch, version, release string) string {
	if version == "" {
		return ""
	}
	if release != "" && !strings.HasSuffix(version, "-"+release) {
		version += "-" + release
	}
	if epoch != "" && epoch != "0" && !strings.HasPrefix(version, epoch+":") {
		version = epoch + ":" + version
	}
	return version
}
