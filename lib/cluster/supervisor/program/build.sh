#!/bin/sh
# Builds this program for every kind of machine into build/, as text: gzip and base64, which Deno imports. `deno task
# supervisor` runs it. It needs Go 1.21 or later, named by $GO or on the PATH, or else Docker. Nothing is built if nothing
# has changed since the last time.
#   --check   builds nothing, and fails if something is to be built
set -eu
cd "$(dirname "$0")"
image=golang:1.24
machines="x86_64:amd64 aarch64:arm64" # as `uname -m` and Go name them

sources=$(cat ./*.go go.mod build.sh | cksum)
is_built() {
  for machine in $machines; do [ -s "build/${machine%:*}.txt" ] || return 1; done
  [ "$(cat build/sources.txt 2>/dev/null)" = "$sources" ]
}

# The same sources make the same program: it has no paths and no times. It speaks no HTTP/2.
build() {
  CGO_ENABLED=0 GOOS=linux GOARCH=${1#*:} "$GO" build -trimpath -tags nethttpomithttp2 -ldflags '-s -w -buildid=' \
    -o build/program .
  gzip -9nc build/program | base64 | tr -d '\n' >build/part
  mv -f build/part "build/${1%:*}.txt"
  rm build/program
}

! is_built || exit 0
case ${1-} in --check) exit 1 ;; esac
mkdir -p build
GO=${GO:-go}
export GOTOOLCHAIN=local
if command -v "$GO" >/dev/null; then
  for machine in $machines; do build "$machine"; done
  printf '%s' "$sources" >build/sources.txt
elif command -v docker >/dev/null; then
  docker run --rm --user "$(id -u):$(id -g)" -e GOCACHE=/tmp/cache -v "$PWD:/source" "$image" sh /source/build.sh
else
  echo "berth: the supervisor of a cluster is built by Go 1.21 or later (https://go.dev/doc/install), or by Docker: install one of them" >&2
  exit 1
fi
