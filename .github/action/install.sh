#!/usr/bin/env bash
# Gets the program for the action: a release whose digest stands in checksums.txt, or one built from the action's own commit.
#
#   install.sh choose    writes the output `from` of the step: here (an earlier step of the job got it), release or source
#   install.sh get       gets it from there, into $RUNNER_TEMP/headgate
#
# $VERSION is the release, as v1.2.3; source; or empty, for the newest release in the table, else source. $HEADGATE_RELEASES is where
# releases are fetched from, if not from GitHub: a mirror needs no trust, as the digests hold.
set -euo pipefail

table=$GITHUB_ACTION_PATH/.github/action/checksums.txt
into=$RUNNER_TEMP/headgate
releases=${HEADGATE_RELEASES:-https://github.com/headgate/headgate/releases/download}

fail() {
	printf '::error title=Headgate::%s\n' "$1"
	exit 2
}

case $RUNNER_OS in
Linux) os=linux exe='' ;;
macOS) os=darwin exe='' ;;
Windows) os=windows exe=.exe ;;
*) fail "there is no release for this runner's system; use version: source" ;;
esac
case $RUNNER_ARCH in
X64) arch=amd64 ;;
ARM64) arch=arm64 ;;
*) arch=none ;; # has no release, and can be built
esac

wanted=${VERSION:-}
case $wanted in
'' | source) ;;
*) [[ $wanted =~ ^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "version is to be source, or a release as v1.2.3" ;;
esac

# The newest release in the table that has a file for this runner.
newest() {
	local digest name found=''
	while read -r digest name; do
		[[ $name =~ ^\*?headgate_([0-9][0-9A-Za-z.-]*)_${os}_${arch}\.tar\.gz$ ]] && found=${BASH_REMATCH[1]}
	done < <(tr -d '\r' <"$table")
	printf '%s' "$found"
}

version=${wanted#v}
[ -n "$wanted" ] || version=$(newest)
[ "$wanted" != source ] || version=''
file=headgate_${version}_${os}_${arch}.tar.gz

# The digest of the file that is to be fetched, as the table has it.
expected() {
	local digest name
	while read -r digest name; do
		[ "${name#\*}" != "$file" ] || printf '%s' "$digest"
	done < <(tr -d '\r' <"$table")
}

choose() {
	local from=source
	if [ -n "$version" ]; then
		from=release
		[[ $(expected) =~ ^[0-9a-f]{64}$ ]] ||
			fail "this commit of the action has no digest of $file, and does not take it unseen; use version: source, or another commit"
	fi
	[ ! -e "$into/from" ] || [ "$(cat "$into/from")" != "$from $version" ] || from=here
	echo "from=$from" >>"$GITHUB_OUTPUT"
}

digest_of() {
	if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1 | tr -d '\\'
}

get() {
	mkdir -p "$into"
	if [ -z "$version" ]; then
		go build -C "$GITHUB_ACTION_PATH" -trimpath -buildvcs=false -o "$into/headgate$exe" ./cmd/headgate
		echo 'source ' >"$into/from"
		return
	fi
	local want got
	want=$(expected)
	curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$into/$file" "$releases/v$version/$file" ||
		fail "$releases/v$version/$file cannot be fetched"
	got=$(digest_of "$into/$file")
	if [ "$got" != "$want" ]; then
		rm -f "$into/$file"
		fail "$file has the digest $got, and this commit of the action expects $want: it was not run"
	fi
	# The one file that is wanted, to where it is wanted, whatever the archive says of places.
	gzip -dc "$into/$file" | tar -xOf - "headgate$exe" >"$into/headgate$exe"
	rm -f "$into/$file"
	chmod +x "$into/headgate$exe"
	echo "release $version" >"$into/from"
}

case ${1:-} in
choose | get) "$1" ;;
*) fail "install.sh is called with choose or get" ;;
esac
