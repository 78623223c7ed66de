# shellcheck shell=sh
# Finds a Go that can build programs, or installs the one of the distribution. And the supervisor, which Go builds.

: "${here?sourced by berth}" "${state?sourced by berth}" "${scratch?sourced by berth}"

go_version=1.24.8 # the one that MinIO's go.mod names
supervisor_build=$here/lib/cluster/supervisor/program/build.sh

# Sets and exports $GO. Fails if there is none and none can be had.
go_setup() {
  [ -z "${go_done-}" ] || return 0
  GO=$(command -v go) || GO=
  [ -n "$GO" ] || [ ! -x /usr/local/go/bin/go ] || GO=/usr/local/go/bin/go
  if [ -z "$GO" ] && can_apt; then
    say "installing Go from the distribution"
    apt_install golang-go ca-certificates || :
    GO=$(command -v go) || GO=
  fi
  [ -n "$GO" ] || return 1
  go_minor=$("$GO" env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${go_minor:-0}" -lt 21 ]; then go_toolchain; fi
  export GO
  go_done=1
}

# A Go from before 1.21 (Debian 12 has 1.19) does not fetch newer ones, but they are modules, so it can be told to.
go_toolchain() {
  say "Go 1.$go_minor is too old: fetching Go $go_version"
  need_scratch
  go_module=golang.org/toolchain@v0.0.1-go$go_version.$("$GO" env GOOS)-$("$GO" env GOARCH)
  go_folder=$("$GO" mod download -json "$go_module" 2>>"$state/setup.log" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
  [ -n "$go_folder" ] ||
    fail "Go $go_version could not be fetched; see .berth/setup.log" "install Go 1.24 or later: https://go.dev/doc/install"
  # Files of a module are neither writable nor executable.
  cp -R -- "$go_folder" "$scratch/toolchain"
  chmod -R u+rwX,go+rX "$scratch/toolchain"
  chmod 755 "$scratch"/toolchain/bin/* "$scratch"/toolchain/pkg/tool/*/*
  GO=$scratch/toolchain/bin/go
}

# The program that runs bots in the containers of a cluster: built once, and again when its source has changed.
supervisor_setup() {
  sh "$supervisor_build" --check && return 0
  need_scratch
  lock
  sh "$supervisor_build" --check || {
    say "building the supervisor of a cluster, once (up to a minute)"
    # Without Go, Docker builds it.
    go_setup || :
    logged sh "$supervisor_build" || {
      show_log "$state/setup.log"
      fail "the supervisor of a cluster could not be built; the end of .berth/setup.log is above"
    }
  }
  unlock
}

