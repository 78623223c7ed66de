# shellcheck shell=sh
# The programs that a lab runs beside the engine and its images: the servers of its hub, and the tools of its network.

: "${state?sourced by berth}"

# lab_needs COMMAND: said before anything is installed.
lab_needs() {
  [ "$(uname -s)" = Linux ] || fail "a lab needs Linux: it makes networks and mounts of its kernel"
  is_root || fail "a lab needs root: it makes networks and mounts" "sudo ./berth $1"
}

lab_setup() {
  set --
  have ip || set -- "$@" iproute2
  have python3 || set -- "$@" python3
  have dockerd || set -- "$@" docker.io
  test_packages "$@"
  lab_servers
}

# The servers as programs: the hub has no engine for images. Tests have what is missing here and cannot be had.
lab_servers() {
  registry_setup
  nats_find || {
    lock
    nats_find || unpack_program nats-server
    unlock
  }
  [ -x "$state/bin/minio" ] || {
    lock
    [ -x "$state/bin/minio" ] || minio_build
    unlock
  }
  ferretdb_is_built || {
    lock
    ferretdb_is_built || ferretdb_build
    unlock
  }
}
