# shellcheck shell=sh
# Makes sure a container engine answers: DOCKER_HOST, else a socket in one of the usual places, else, on
# Debian and Ubuntu as root, the distribution's docker.io. Sets $engine_socket; exports DOCKER_HOST when the socket
# is not the default one.

: "${state?sourced by berth}"

engine_default=/var/run/docker.sock
engine_socket=
engine_forbidden=

engine_setup() {
  engine_look
  [ -z "$engine_socket" ] || return 0
  if [ -n "$engine_forbidden" ]; then
    fail "there is an engine at $engine_forbidden, but you may not use it" \
      "sudo usermod -aG docker ${USER-\$USER}   (then log in again)" \
      "or run berth as root"
  fi
  [ -z "${DOCKER_HOST-}" ] ||
    fail "DOCKER_HOST is $DOCKER_HOST, and no engine answers there" \
      "start that engine, or unset DOCKER_HOST and let berth find one"
  can_apt || { is_root && have dockerd; } || engine_missing
  lock
  engine_look
  [ -n "$engine_socket" ] || engine_start
  unlock
}

# Looks, changes nothing: also what `berth doctor` does.
engine_look() {
  engine_socket=
  engine_forbidden=
  if [ -n "${DOCKER_HOST-}" ]; then
    case $DOCKER_HOST in
      unix:///*) ;;
      *) fail "DOCKER_HOST is '$DOCKER_HOST', and Berth works only with an engine on this machine: bots' code is bind-mounted from here" \
        "set it to unix:///path/to/docker.sock, or unset it" ;;
    esac
    set -- "${DOCKER_HOST#unix://}"
  else
    # The default, rootless Docker, Docker Desktop, Colima, OrbStack.
    set -- "$engine_default" "${XDG_RUNTIME_DIR:-/nonexistent}/docker.sock" \
      "${HOME-}/.docker/run/docker.sock" "${HOME-}/.colima/default/docker.sock" \
      "${HOME-}/.orbstack/run/docker.sock"
  fi
  for socket; do
    [ -S "$socket" ] || continue
    if [ ! -w "$socket" ]; then
      engine_forbidden=${engine_forbidden:-$socket}
    elif engine_answers "$socket"; then
      engine_socket=$socket
      break
    fi
  done
  if [ -n "$engine_socket" ] && [ "$engine_socket" != "$engine_default" ] && [ -z "${DOCKER_HOST-}" ]; then
    export DOCKER_HOST="unix://$engine_socket"
    say "using the engine at $engine_socket"
  fi
}

# engine_answers SOCKET
engine_answers() { [ -S "$1" ] && engine_has "$1" /_ping; }

# engine_has SOCKET PATH: whether the engine answers a GET of the path with status 200.
engine_has() {
  if have curl; then
    curl -sf -m 10 --noproxy '*' --unix-socket "$1" -o /dev/null "http://localhost$2" 2>/dev/null
  else
    "$DENO" eval --no-config --no-lock '
      const [path, target] = Deno.args;
      const engine = await Deno.connect({ transport: "unix", path });
      await engine.write(new TextEncoder().encode("GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n"));
      setTimeout(() => Deno.exit(1), 10_000);
      const head = new Uint8Array(12);
      await engine.read(head);
      Deno.exit(new TextDecoder().decode(head).endsWith(" 200") ? 0 : 1);' "$1" "$2" 2>/dev/null
  fi
}

engine_start() {
  if ! have dockerd; then
    say "there is no container engine: installing the distribution's docker.io (about 70 MB)"
    # curl talks to its socket, here and when images are imported.
    apt_install docker.io iptables ca-certificates curl || engine_missing
  fi
  # The installation itself may have started it.
  if engine_answers "$engine_default"; then
    engine_socket=$engine_default
    return 0
  fi
  if [ -d /run/systemd/system ] && have systemctl; then
    say "starting the engine (systemctl start docker)"
    logged systemctl start docker || {
      journalctl -u docker -n 15 --no-pager 2>/dev/null | sed 's/^/  | /' >&2
      fail "docker.service does not start; its last messages are above" "systemctl status docker"
    }
    engine_pid=
    engine_stop='systemctl stop docker'
  else
    engine_run
    engine_stop="kill \$(cat /var/run/docker.pid)"
  fi
  engine_wait
  engine_socket=$engine_default
  say "the engine is up and goes on running after berth ends; to stop it: $engine_stop"
}

# Starts dockerd by hand, in a session of its own so that a Ctrl-C here does not reach it.
engine_run() {
  engine_pid=$(cat /var/run/docker.pid 2>/dev/null) || engine_pid=
  if [ -n "$engine_pid" ]; then
    if [ "$(cat "/proc/$engine_pid/comm" 2>/dev/null)" = dockerd ]; then
      say "an engine is running already: waiting for it to answer"
      return 0
    fi
    # Left by an engine that was killed: another process may have that number by now, and dockerd would refuse.
    rm -f /var/run/docker.pid
  fi
  say "starting the engine (dockerd, its messages go to .berth/dockerd.log)"
  setsid dockerd >"$state/dockerd.log" 2>&1 </dev/null 9>&- &
  engine_pid=$!
}

# Waits until the engine answers, or has died, for a minute at most.
engine_wait() {
  engine_tries=300
  until engine_answers "$engine_default"; do
    engine_tries=$((engine_tries - 1))
    if [ -n "$engine_pid" ] && ! kill -0 "$engine_pid" 2>/dev/null; then
      engine_died "the engine ended at once"
    fi
    [ "$engine_tries" -gt 0 ] || engine_died "the engine does not answer after a minute"
    sleep 0.2
  done
}

engine_died() {
  say "the last lines of .berth/dockerd.log:"
  show_log "$state/dockerd.log"
  engine_hint="if this machine is itself a container: it must be privileged, or have the host's /var/run/docker.sock"
  if grep -qi 'cgroup' "$state/dockerd.log" 2>/dev/null; then
    engine_hint="control groups seem not to be mounted: apt-get install cgroupfs-mount && cgroupfs-mount"
  elif grep -qi 'iptables' "$state/dockerd.log" 2>/dev/null; then
    engine_hint="iptables does not work here: update-alternatives --set iptables /usr/sbin/iptables-legacy may help"
  fi
  fail "$1" "$engine_hint"
}

engine_missing() {
  case $(uname -s 2>/dev/null) in
    Darwin)
      fail "there is no container engine. One of these gives one:" \
        "brew install colima docker && colima start" \
        "Docker Desktop: https://docs.docker.com/desktop/install/mac-install/"
      ;;
  esac
  if have dockerd && [ -d /run/systemd/system ]; then
    fail "Docker is installed but not running" "sudo systemctl start docker"
  elif have dockerd; then
    fail "Docker is installed but not running" "sudo dockerd &   (or let berth start it: run it as root)"
  elif is_debian; then
    fail "there is no container engine. Either let berth install one, by running it as root, or:" \
      "sudo apt-get install docker.io" \
      "sudo usermod -aG docker ${USER-\$USER}   (then log in again)"
  fi
  fail "there is no container engine, and berth can install one only on Debian and Ubuntu. Elsewhere:" \
    "curl -fsSL https://get.docker.com | sh   (or see https://docs.docker.com/engine/install/)" \
    "sudo systemctl start docker"
}
