# shellcheck shell=sh
# The parts that all set-up steps share: messages, the lock, temporary folders, downloads and apt.
# Sourced by berth, which sets $here; sets $state, $scratch, $at_exit.

: "${here:?sourced by berth}"
state=$here/.berth
scratch=
lock_held=

say() { printf 'berth: %s\n' "$*" >&2; }

# Says what is wrong and, line by line, what to do about it; ends with status 69.
fail() {
  printf 'berth: error: %s\n' "$1" >&2
  shift
  for advice in "$@"; do printf '  %s\n' "$advice" >&2; done
  exit 69
}

have() { command -v "$1" >/dev/null 2>&1; }

# --- What must happen however this ends ---------------------------------------------------------------

# Commands to run at the end are functions named in $at_exit.
at_exit=

cleanup() {
  for action in $at_exit; do "$action"; done
  at_exit=
  [ -z "$scratch" ] || rm -rf -- "$scratch"
  scratch=
  unlock
}

# Subshells start without traps: one that installs something calls this first.
on_exit() {
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
on_exit

# --- Files --------------------------------------------------------------------------------------------

# Makes .berth/ and, in it, a private folder $scratch. It is on the file system of what gets installed, so that
# `mv` into place is atomic, and goes when berth ends.
need_scratch() {
  [ -z "$scratch" ] || return 0
  if ! mkdir -p -- "$state/bin" 2>/dev/null || [ ! -w "$state" ]; then
    fail "cannot write to $state, where berth keeps what it installs" "make it writable, or run berth as its owner"
  fi
  scratch=$(mktemp -d "$state/tmp.XXXXXX")
}

# Runs a command with its output in .berth/setup.log.
logged() {
  printf '\n$ %s\n' "$*" >>"$state/setup.log"
  "$@" >>"$state/setup.log" 2>&1 </dev/null
}

show_log() { tail -n "${2-15}" -- "$1" 2>/dev/null | sed 's/^/  | /' >&2; }

# download URL FILE: a host that cannot be reached is given up after seconds, not minutes.
download() {
  if have curl; then
    curl -fsSL --connect-timeout 5 --speed-limit 1000 --speed-time 30 -o "$2" -- "$1" 2>>"$state/setup.log"
  elif have wget; then
    wget -q -T 30 --tries=1 -O "$2" -- "$1" 2>>"$state/setup.log"
  else
    return 1
  fi
}

# pinned FILE NAME: whether the file is the one that setup/pins names. Asked before it is run for the first time.
pinned() {
  pin=$(sed -n "s/^\\([0-9a-f]\\{64\\}\\)  $2\$/\\1/p" "$here/setup/pins")
  sum=$(sha256 "$1")
  if [ -z "$sum" ]; then
    say "no sha256sum, shasum, openssl or python3 to check $2 with: not using it"
  elif [ -z "$pin" ]; then
    say "setup/pins has no SHA-256 of $2: not using it"
  elif [ "$sum" != "$pin" ]; then
    say "$2 has SHA-256 $sum, and setup/pins wants $pin: not using it"
  else
    return 0
  fi
  return 1
}

# sha256 FILE: prints its sum; nothing without a program that can tell it.
sha256() {
  if have sha256sum; then sum_line=$(sha256sum <"$1")
  elif have shasum; then sum_line=$(shasum -a 256 <"$1")
  elif have openssl; then sum_line=$(openssl dgst -sha256 -r <"$1")
  elif have python3; then
    sum_line=$(python3 -c 'import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' <"$1")
  else return 0
  fi
  printf '%s\n' "${sum_line%%[!0-9a-f]*}"
}

# --- One set-up at a time -------------------------------------------------------------------------------

# Two berths at once must not do the same work twice. The caller looks again after it has the lock. File descriptor
# 9 is the lock, so it cannot outlive a berth that is killed; whatever is left running must close it (9>&-).
lock() {
  [ -z "$lock_held" ] || return 0
  need_scratch
  exec 9>"$state/lock"
  lock_take -n || {
    say "waiting for another berth that is setting up"
    lock_take
  }
  lock_held=1
  : >"$state/setup.log"
}

# lock_take [-n]: with -n, false instead of waiting. macOS has no flock, but Perl. Without either there is no lock:
# what gets installed is put in place in one step, so that costs only time.
lock_take() {
  if have flock; then flock "$@" 9
  elif have perl; then perl -e 'open(LOCK, ">&=9") && flock(LOCK, @ARGV ? 6 : 2) or exit 1' -- "$@"
  fi
}

unlock() {
  [ -n "$lock_held" ] || return 0
  lock_held=
  exec 9>&-
}

# --- Debian and Ubuntu ----------------------------------------------------------------------------------

is_root() { [ "$(id -u 2>/dev/null)" = 0 ]; }
is_debian() { [ -f /etc/debian_version ] && have apt-get; }
can_apt() { is_debian && is_root; }

# apt_install PACKAGE…: false when it did not work; the reason is in .berth/setup.log.
apt_install() {
  need_scratch
  apt_get install "$@" || {
    say "refreshing the package lists (apt-get update)"
    logged apt-get -o DPkg::Lock::Timeout=300 update
    apt_get install "$@"
  } || {
    say "apt-get install $* failed; the end of .berth/setup.log:"
    show_log "$state/setup.log"
    return 1
  }
}

apt_get() {
  logged env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    --no-install-recommends "$@" 9>&-
}
