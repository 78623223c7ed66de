# shellcheck shell=sh
# Programs that tests run and a bare machine does not have. Without one of them its tests say so.

: "${state?sourced by berth}" "${scratch?sourced by berth}"

# gate_programs [PACKAGE…]: what the gate runs: the wrappers' languages, and shellcheck. And these packages.
gate_programs() {
  have python3 || set -- "$@" python3
  have shellcheck || set -- "$@" shellcheck
  test_packages "$@"
  node_setup
}

# And what the tests with an engine of their own run, beside what registry_setup gets.
test_programs() {
  if have ip; then gate_programs; else gate_programs iproute2; fi
  # The dashboard's tests drive a browser.
  if ! { have chromium || have chromium-browser || have google-chrome; }; then test_packages chromium; fi
  prometheus_setup
}

# Prometheus and promtool, which read what /metrics prints. Kept in .berth/prometheus: installing the package would
# start a server.
prometheus_setup() {
  if have promtool && have prometheus; then return 0; fi
  if [ ! -x "$state/prometheus/promtool" ] && is_debian; then
    lock
    [ -x "$state/prometheus/promtool" ] || prometheus_fetch "$state/prometheus" || say "going on without promtool"
    unlock
  fi
  PATH=$state/prometheus:$PATH
}

# prometheus_fetch FOLDER: puts the programs there.
prometheus_fetch() {
  say "fetching Prometheus from the distribution, for the tests"
  need_scratch
  mkdir -p -- "$scratch/prometheus"
  (
    cd "$scratch/prometheus" || exit
    logged apt-get download prometheus || { logged apt-get update && logged apt-get download prometheus; } || exit
    logged dpkg -x prometheus_*.deb .
  ) || return 1
  mv -- "$scratch/prometheus/usr/bin" "$1"
}

# test_packages [PACKAGE…]: installed where that is possible.
test_packages() {
  if [ $# -eq 0 ] || ! can_apt; then return 0; fi
  lock
  say "installing from the distribution, for the tests: $*"
  apt_install "$@" || say "going on without"
  unlock
}

# The tests of Node's wrapper want the Node that bots run on, or a later one. Kept in .berth/node.
node_setup() {
  if node_is_recent "$(command -v node)"; then return 0; fi
  if ! node_is_recent "$state/node/node"; then
    lock
    node_is_recent "$state/node/node" || node_fetch "$state/node/node" || say "going on without"
    unlock
  fi
  # Before the machine's, which is too old.
  PATH=$state/node:$PATH
}

# node_is_recent NODE
node_is_recent() {
  case $("$1" --version 2>/dev/null) in
    v2[0-9].* | v[3-9][0-9].*) ;;
    *) return 1 ;;
  esac
}
