# shellcheck shell=sh
# Images for a machine that reaches no image registry, built from Debian packages, a Node from npm and the Deno of
# this set-up. They have names of their own (berth-standin/…): nothing here pretends to be an official image. Runtimes
# of one language share one. The choice is kept in .berth/setup.env, as the configuration variable RUNTIME_IMAGES, and
# said aloud whenever it is used.

: "${state?sourced by berth}" "${scratch?sourced by berth}"

standins_file=$state/setup.env
# Images of an earlier revision lack something; they are built again.
standins_revision=2

# Exports the choice of an earlier run, unless the user made another or the images are gone.
standins_choose() {
  [ -z "${RUNTIME_IMAGES-}" ] && [ -f "$standins_file" ] && [ -n "$engine_socket" ] || return 0
  # An earlier version knew fewer runtimes.
  grep -q 'binary=' "$standins_file" || return 0
  # shellcheck source=/dev/null
  . "$standins_file"
  standins_missing=
  standins_left=$RUNTIME_IMAGES,
  while [ -n "$standins_left" ]; do
    standins_one=${standins_left%%,*}
    standins_left=${standins_left#*,}
    standins_one=${standins_one#*=}
    case $standins_one in
      berth-standin/*-r$standins_revision | [!b]* | b[!e]*) ;;
      berth-standin/*) standins_missing=1 ;;
    esac
    standins_has "$standins_one" || standins_missing=1
  done
  if [ -n "$standins_missing" ]; then
    unset RUNTIME_IMAGES
    return 0
  fi
  export RUNTIME_IMAGES
  [ -z "${standins_said-}" ] || return 0
  standins_said=1
  say "using stand-in images built from Debian packages, see .berth/setup.env (to try a registry again: rm .berth/setup.env)"
}

# standins_has IMAGE
standins_has() { engine_has "$engine_socket" "/images/$1/json"; }

standins_build() {
  standins_node=berth-standin/node:20-r$standins_revision
  standins_deno=berth-standin/deno:2-r$standins_revision
  need_scratch
  # Another copy of Berth on this machine may have built them.
  if standins_find; then
    standins_has "$standins_deno" || standins_make_deno
    standins_record
    return 0
  fi
  if ! have mmdebstrap; then
    can_apt || standins_impossible
    say "no image registry can be reached: installing mmdebstrap to build images from Debian packages"
    apt_install mmdebstrap || standins_impossible
  fi
  if ! have curl; then
    { can_apt && apt_install ca-certificates curl; } || standins_impossible
  fi
  standins_started=$(date +%s)
  standins_bootstrap
  standins_import_python
  standins_import_node
  standins_make_deno
  say "built in $(($(date +%s) - standins_started)) s"
  standins_record
}

standins_find() {
  standins_has "$standins_node" || return 1
  for version in 3.11 3.12 3.13 3.14; do
    standins_python=berth-standin/python:$version-r$standins_revision
    if standins_has "$standins_python"; then return 0; fi
  done
  return 1
}

standins_record() {
  standins_pairs=
  for runtime in python3.11 python3.12 python3.13 bash binary; do
    standins_pairs=$standins_pairs,$runtime=$standins_python
  done
  for runtime in nodejs20 nodejs22 nodejs24; do standins_pairs=$standins_pairs,$runtime=$standins_node; done
  printf "RUNTIME_IMAGES='%s'\n" "${standins_pairs#,},deno2=$standins_deno" >"$scratch/setup.env"
  mv -f -- "$scratch/setup.env" "$standins_file"
  standins_choose
}

# One small Debian system serves both images.
standins_bootstrap() {
  standins_suite
  say "building stand-in images from Debian packages ($suite): this takes about half a minute"
  set -- "$suite" "$scratch/root.tar"
  [ -z "$mirror" ] || set -- "$@" "$mirror"
  for scheme in http https; do
    proxy=
    eval "$(apt-config shell proxy "Acquire::$scheme::Proxy" 2>/dev/null)"
    [ -z "$proxy" ] || set -- "--aptopt=Acquire::$scheme::Proxy \"$proxy\"" "$@"
  done
  logged mmdebstrap --variant=essential --include=python3,python3-pip,ca-certificates,netbase,tzdata,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' "$@" || {
    show_log "$state/setup.log"
    fail "the stand-in images could not be built; the end of .berth/setup.log is above"
  }
}

# The running system's suite and mirror if its Python is recent enough, else Debian 12 from Debian's mirror.
standins_suite() {
  suite=bookworm
  mirror=
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)
  python=$(apt-cache show --no-all-versions python3 2>/dev/null | sed -n 's/^Version: 3\.\([0-9]*\)\..*/\1/p')
  if [ -n "$codename" ] && [ "${python:-0}" -ge 11 ]; then
    suite=$codename
    # shellcheck disable=SC2016  # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
      sed -n "s/^$codename //p" | head -n 1)
    # By itself, mmdebstrap takes Debian's mirror and the security updates too.
    case $mirror in http://deb.debian.org/debian*) mirror= ;; esac
  elif [ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ] && can_apt; then
    apt_install debian-archive-keyring || standins_impossible
  fi
}

standins_import_python() {
  version=$(tar -tf "$scratch/root.tar" | sed -n 's|^\./usr/bin/python\(3\.[0-9]*\)$|\1|p' | head -n 1)
  [ -n "$version" ] || fail "the stand-in system has no Python; see .berth/setup.log"
  standins_python=berth-standin/python:$version-r$standins_revision
  standins_import "$standins_python" "$scratch/root.tar" 'CMD ["python3"]'
}

# Without bash, as the Alpine image that it stands in for: what works here works there.
standins_import_node() {
  node_fetch "$scratch/node/usr/local/bin/node" || fail "without Node 20 its stand-in image cannot be built"
  tar --delete -f "$scratch/root.tar" ./usr/bin/bash ./usr/bin/rbash ./usr/bin/bashbug
  npm_fetch "$scratch/node/usr/local/lib/node_modules/npm" || fail "without npm the stand-in image cannot install packages"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$scratch/node/usr/local/bin/npm"
  tar -rf "$scratch/root.tar" --owner=0 --group=0 -C "$scratch/node" \
    ./usr/local/bin/node ./usr/local/bin/npm ./usr/local/lib/node_modules
  standins_import "$standins_node" "$scratch/root.tar" 'CMD ["node"]'
}

# The Deno that runs Berth, put into the image with Python.
standins_make_deno() {
  standins_engine POST "/containers/create" -H 'Content-Type: application/json' \
    -d "{\"Image\":\"$standins_python\",\"Cmd\":[\"deno\"]}"
  standins_id=$(sed -n 's/.*"Id":"\([0-9a-f]*\)".*/\1/p' "$scratch/import.log")
  mkdir -p -- "$scratch/deno/usr/local/bin"
  cp -- "$(command -v "$DENO")" "$scratch/deno/usr/local/bin/deno"
  tar -cf "$scratch/deno.tar" --owner=0 --group=0 -C "$scratch/deno" ./usr/local/bin/deno
  standins_engine PUT "/containers/$standins_id/archive?path=/" -T "$scratch/deno.tar"
  standins_engine POST "/commit?container=$standins_id&repo=${standins_deno%:*}&tag=${standins_deno##*:}"
  standins_engine DELETE "/containers/$standins_id?v=1"
  standins_has "$standins_deno" || {
    show_log "$scratch/import.log" 3
    fail "the engine did not make the stand-in image $standins_deno"
  }
}

# standins_engine METHOD PATH [CURL_ARGUMENT…]
standins_engine() {
  standins_method=$1
  standins_path=$2
  shift 2
  curl -sS --noproxy '*' --unix-socket "$engine_socket" -X "$standins_method" -o "$scratch/import.log" "$@" \
    "http://localhost$standins_path" || :
}

# standins_import IMAGE TAR CHANGE
standins_import() {
  curl -sS --noproxy '*' --unix-socket "$engine_socket" -X POST -T "$2" -H 'Content-Type: application/x-tar' \
    -o "$scratch/import.log" \
    "http://localhost/images/create?fromSrc=-&repo=${1%:*}&tag=${1##*:}&changes=ENV%20LANG=C.UTF-8&changes=$(urlencode "$3")" || :
  # The engine reports errors inside a successful answer.
  standins_has "$1" || {
    show_log "$scratch/import.log" 3
    fail "the engine did not accept the stand-in image $1"
  }
}

urlencode() {
  printf %s "$1" | sed 's/%/%25/g; s/ /%20/g; s/"/%22/g; s/\[/%5B/g; s/]/%5D/g'
}

standins_impossible() {
  fail "container images are missing, no image registry can be reached, and there is nothing here to build stand-ins with" \
    "connect this machine to a registry (or set up a mirror for the engine), or" \
    "load images (docker load) and name them: RUNTIME_IMAGES=python3.11=NAME,nodejs20=NAME" \
    "on Debian and Ubuntu, berth builds stand-ins from packages when it is run as root"
}
