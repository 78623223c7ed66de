# shellcheck shell=sh
# Finds an acceptable Deno, or installs the pinned one into .berth/bin. Sets and exports $DENO.

: "${state?sourced by berth}" "${scratch?sourced by berth}"

deno_version=2.9.6 # what gets installed
deno_minor=9       # what is accepted: 2.N with N at least this

deno_setup() {
  if [ -n "${DENO-}" ]; then
    deno_ok "$DENO" ||
      fail "DENO=$DENO is not a Deno 2.$deno_minor or later (2.x): it says '$("$DENO" --version 2>&1 | head -n 1)'" \
        "name another one, or unset DENO and let berth find or install one"
  elif ! deno_find; then
    lock
    # Another berth may have installed it while this one waited.
    deno_find || deno_install
    unlock
  fi
  # Behind a proxy that has its own certificate authority, Deno works as curl and apt do.
  DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE-mozilla,system}
  export DENO DENO_TLS_CA_STORE
  deno_dir
}

deno_find() {
  for DENO in "$(command -v deno 2>/dev/null)" "$state/bin/deno" "${HOME-}/.deno/bin/deno"; do
    if [ -n "$DENO" ] && deno_ok "$DENO"; then return 0; fi
  done
  DENO=
  return 1
}

deno_ok() {
  [ -x "$1" ] || have "$1" || return 1
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#deno }
  case $version in
    2.*) version=${version#2.} ;;
    *) return 1 ;;
  esac
  version=${version%%.*}
  case $version in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$version" -ge "$deno_minor" ]
}

# A user without a home folder still needs somewhere for Deno's cache.
deno_dir() {
  [ -z "${DENO_DIR-}" ] || return 0
  if [ -z "${HOME-}" ] || [ ! -w "${HOME-}" ]; then
    DENO_DIR=$state/deno_dir
    export DENO_DIR
  fi
}

deno_install() {
  case $(uname -s 2>/dev/null)-$(uname -m 2>/dev/null) in
    Linux-x86_64) deno_target=x86_64-unknown-linux-gnu deno_npm=linux-x64-glibc deno_pin=linux-x64 ;;
    Linux-aarch64 | Linux-arm64)
      deno_target=aarch64-unknown-linux-gnu deno_npm=linux-arm64-glibc deno_pin=linux-arm64
      ;;
    Darwin-x86_64) deno_target=x86_64-apple-darwin deno_npm=darwin-x64 deno_pin=darwin-x64 ;;
    Darwin-arm64) deno_target=aarch64-apple-darwin deno_npm=darwin-arm64 deno_pin=darwin-arm64 ;;
    *) deno_missing ;;
  esac
  need_scratch
  say "there is no Deno 2.$deno_minor or later: installing $deno_version into .berth/"
  deno_from_release || deno_from_npm || deno_from_pip || deno_from_apt || deno_missing
  say "Deno $deno_version is in .berth/bin"
}

# deno_place FILE: only the pinned binary, and one that runs here, is put in place, and in one step.
deno_place() {
  pinned "$1" "deno-$deno_version-$deno_pin" || return 1
  chmod 755 "$1" 2>/dev/null && deno_ok "$1" || return 1
  mv -f -- "$1" "$state/bin/deno"
  DENO=$state/bin/deno
}

# (a) The official release.
deno_from_release() {
  have curl || have wget || return 1
  have unzip || have bsdtar || have python3 || return 1
  say "downloading the official release from dl.deno.land"
  deno_url=https://dl.deno.land/release/v$deno_version/deno-$deno_target.zip
  deno_zip=$scratch/deno.zip
  download "$deno_url" "$deno_zip" || {
    say "dl.deno.land does not answer"
    return 1
  }
  (
    cd "$scratch" || exit 1
    if have unzip; then unzip -qo deno.zip deno
    elif have bsdtar; then bsdtar -xf deno.zip deno
    else python3 -m zipfile -e deno.zip .
    fi
  ) >>"$state/setup.log" 2>&1 && deno_place "$scratch/deno"
}

# (b) npm. The package's own `deno` is made by an install script, which may be switched off: the binary itself
# is in the package of the platform.
deno_from_npm() {
  have npm || return 1
  say "installing the npm package deno@$deno_version"
  logged npm install --prefix "$scratch/deno_npm" --no-save --ignore-scripts --no-audit --no-fund \
    "@deno/$deno_npm@$deno_version" || return 1
  deno_place "$scratch/deno_npm/node_modules/@deno/$deno_npm/deno"
}

# (c) PyPI.
deno_from_pip() {
  if have pip3; then deno_pip=pip3
  elif have pip; then deno_pip=pip
  else return 1
  fi
  say "installing the PyPI package deno==$deno_version"
  logged "$deno_pip" install --quiet --no-deps --only-binary :all: --target "$scratch/pip" "deno==$deno_version" ||
    return 1
  deno_place "$scratch/pip/bin/deno"
}

# (d) Debian and Ubuntu have no package of it, but have what (a) and (c) need. pip is a tenth of npm's size.
deno_from_apt() {
  can_apt || return 1
  say "installing curl and unzip from the distribution, for the download"
  if apt_install ca-certificates curl unzip && deno_from_release; then return 0; fi
  say "installing pip from the distribution"
  apt_install python3-pip && deno_from_pip
}

deno_missing() {
  say "the end of .berth/setup.log:"
  show_log "$state/setup.log" 5
  fail "Deno 2.$deno_minor or later is needed and could not be installed. One of these installs it:" \
    "curl -fsSL https://deno.land/install.sh | sh -s v$deno_version" \
    "npm install -g deno@$deno_version" \
    "pip install deno==$deno_version" \
    "brew install deno   (macOS)" \
    "apk add deno        (Alpine)" \
    "then run berth again, or name it: DENO=/path/to/deno berth …"
}
