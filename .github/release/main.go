// Command release makes the files of a release of Headgate, the same bytes wherever and whenever it runs: the program for six platforms with
// the licences of what is in it, an image, an SBOM, and their checksums.
//
//	go run -C .github/release . build v1.2.3     builds each file twice, in two folders without a common cache, compares, and writes dist
//	go run -C .github/release . pin v1.2.3       adds the digests in dist to the table of the action, .github/action/checksums.txt
//	go run -C .github/release . check v1.2.3     compares dist with the table as it stands
//
// How a tag can have the digests of what is built from it: it cannot. A release is built from a commit, the source. The commit after it adds
// the digests to the action's table and changes nothing else, and gets the tag. So `build` takes the parent where a commit changes the table
// alone, the program names the source as its commit, and what the tag pins can be built again from the tag by anyone: the workflow of
// the release does, and publishes nothing if one byte is another than the one that the maintainer built and committed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // what is half done is removed
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// table is the action's list of digests, below the repository.
const table = ".github/action/checksums.txt"

var versionPattern = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$`)

func run(ctx context.Context, args []string, out io.Writer) error {
	const usage = "usage: release build|pin|check VERSION [flags]"
	if len(args) < 2 {
		return errors.New(usage)
	}
	command, version := args[0], args[1]
	if !versionPattern.MatchString(version) {
		return fmt.Errorf("%q is no version, as v1.2.3", version)
	}
	f := flag.NewFlagSet("release "+command, flag.ContinueOnError)
	root := f.String("repository", filepath.Join("..", ".."), "the checkout")
	dist := f.String("dist", "", "the folder of the files (default dist of the checkout)")
	revision := f.String("commit", "HEAD", "build: the commit")
	only := f.String("only", strings.Join(platforms, ","), "build: the platforms")
	once := f.Bool("once", false, "build: do not build a second time and compare")
	if err := f.Parse(args[2:]); err != nil {
		return err
	}
	if *dist == "" {
		*dist = filepath.Join(*root, "dist")
	}
	switch command {
	case "build":
		wanted := strings.Split(*only, ",")
		for _, p := range wanted {
			if !slices.Contains(platforms, p) {
				return fmt.Errorf("%s is no platform of a release, which are %s", p, strings.Join(platforms, ", "))
			}
		}
		s, err := sourceOf(ctx, *root, *revision)
		if err != nil {
			return err
		}
		r := &release{source: s, version: version, platforms: wanted, dist: *dist, out: out}
		return r.build(ctx, !*once)
	case "pin":
		return pin(filepath.Join(*root, table), *dist, version)
	case "check":
		return check(filepath.Join(*root, table), *dist, version)
	}
	return errors.New(usage)
}
