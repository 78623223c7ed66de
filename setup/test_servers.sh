# shellcheck shell=sh
# The real servers that the tests run against, and the tests themselves. For each server, in this order: what
# the environment names; the official image when a registry answers; else a binary built or installed here.
# One function per server; each adds how to stop what it started to $at_exit. A program goes before the tests where the
# user may say so (nice): a machine that they keep busy must not make a server seem to hang.

: "${here?sourced by berth}" "${state?sourced by berth}" "${scratch?sourced by berth}"

test_servers() {
  minio_server
  nats_server
  mongo_server
  registry_setup
}

# Tests of pulls run a registry of their own, beside an engine of their own; without the program they say that they
# were not run.
registry_setup() {
  PATH=$PATH:$state/bin
  export PATH
  if have docker-registry; then return 0; fi
  lock
  have docker-registry || unpack_program docker-registry
  unlock
}

# run_with_servers TASK ARGUMENTS…: runs a task and, whatever happens, stops the servers and ends with its status.
run_with_servers() {
  need_scratch
  trap 'test_signal TERM' TERM
  trap 'test_signal INT' INT
  trap 'test_signal HUP' HUP
  test_child=
  test_servers
  # A proxy is not for the servers of this machine.
  export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
  INIT_CWD=$(pwd) "$DENO" task --quiet --config "$here/deno.json" "$@" &
  test_child=$!
  at_exit="test_child_stop $at_exit"
  # The suite prints the counts itself from here on.
  untested=
  test_status=0
  wait "$test_child" || test_status=$?
  # A signal ends the wait, not the suite: it was told, and is waited for.
  while kill -0 "$test_child" 2>/dev/null; do
    test_status=0
    wait "$test_child" || test_status=$?
  done
  test_child=
  exit "$test_status"
}

# A shell's background process ignores SIGINT, so it is always told to end by SIGTERM.
test_signal() {
  if [ -n "$test_child" ]; then
    kill -TERM "$test_child" 2>/dev/null || :
  else
    case $1 in INT) exit 130 ;; HUP) exit 129 ;; *) exit 143 ;; esac
  fi
}

test_child_stop() { [ -z "$test_child" ] || kill -TERM "$test_child" 2>/dev/null || :; }

# When the set-up fails before a test has run, the last line must not be read as success.
report_untested() {
  untested=1
  at_exit=print_untested
}
print_untested() { [ -z "$untested" ] || echo "0 passed, 1 failed"; }

free_port() {
  "$DENO" eval --no-config --no-lock \
    'const l = Deno.listen({ hostname: "127.0.0.1", port: 0 }); console.log(l.addr.port); l.close();'
}

random_hex() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# http_ok URL
http_ok() {
  if have curl; then
    curl -sf -m 5 --noproxy '*' -o /dev/null "$1" 2>/dev/null
  else
    "$DENO" eval --no-config --no-lock 'Deno.exit((await fetch(Deno.args[0])).ok ? 0 : 1)' "$1" 2>/dev/null
  fi
}

# --- MinIO ----------------------------------------------------------------------------------------------

# MinIO's images are on quay.io (no longer on Docker Hub). The module version is the last commit of its repository.
minio_image=quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z.hotfix.7aa24e772
minio_module=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

minio_server() {
  if [ -n "${MINIO_ENDPOINT-}" ]; then
    say "testing with the MinIO at $MINIO_ENDPOINT"
    return 0
  fi
  MINIO_ACCESS_KEY=berth-$(random_hex)
  MINIO_SECRET_KEY=$(random_hex)
  MINIO_SSL=false
  # Read by the server. In the environment, and not among the arguments, which every user of the machine can see.
  export MINIO_ACCESS_KEY MINIO_SECRET_KEY MINIO_SSL
  MINIO_ROOT_USER=$MINIO_ACCESS_KEY
  MINIO_ROOT_PASSWORD=$MINIO_SECRET_KEY
  if ! minio_from_image; then minio_from_binary; fi
  export MINIO_ENDPOINT
  say "testing with a MinIO of its own at $MINIO_ENDPOINT"
}

minio_from_image() {
  { have docker && have curl; } || return 1
  if ! docker image inspect "$minio_image" >/dev/null 2>&1; then
    # Asked first, because the engine takes long to find out that there is no way to the registry.
    curl -s --connect-timeout 5 -m 10 -o /dev/null https://quay.io/v2/ || return 1
    say "pulling $minio_image"
    docker pull "$minio_image" >&2 || return 1
  fi
  minio_container=$(MINIO_ROOT_USER=$MINIO_ROOT_USER MINIO_ROOT_PASSWORD=$MINIO_ROOT_PASSWORD \
    docker run -d --rm -p 127.0.0.1::9000 -e MINIO_ROOT_USER -e MINIO_ROOT_PASSWORD \
    "$minio_image" server /data) || return 1
  at_exit="minio_container_stop $at_exit"
  MINIO_ENDPOINT=$(docker port "$minio_container" 9000/tcp 2>/dev/null | head -n 1)
  minio_wait "docker inspect $minio_container" || {
    say "a container of $minio_image does not come up here: doing without"
    return 1
  }
}

minio_container_stop() { docker rm -f -v "$minio_container" >/dev/null 2>&1 || :; }

minio_from_binary() {
  if [ ! -x "$state/bin/minio" ]; then
    lock
    [ -x "$state/bin/minio" ] || minio_build
    unlock
  fi
  mkdir -- "$scratch/minio"
  minio_port=$(free_port)
  MINIO_ENDPOINT=127.0.0.1:$minio_port
  MINIO_ROOT_USER=$MINIO_ROOT_USER MINIO_ROOT_PASSWORD=$MINIO_ROOT_PASSWORD MINIO_BROWSER=off MINIO_UPDATE=off \
    nice -n -10 "$state/bin/minio" server "$scratch/minio/data" --address "$MINIO_ENDPOINT" \
    --certs-dir "$scratch/minio/certs" >"$scratch/minio/log" 2>&1 </dev/null 9>&- &
  minio_pid=$!
  at_exit="minio_process_stop $at_exit"
  minio_wait "kill -0 $minio_pid" || {
    show_log "$scratch/minio/log"
    fail "the test's MinIO does not come up; its messages are above"
  }
}

minio_process_stop() {
  kill "$minio_pid" 2>/dev/null || :
  wait "$minio_pid" 2>/dev/null || :
}

# minio_wait ALIVE: until it answers; not longer than the command ALIVE is true, or half a minute.
minio_wait() {
  minio_tries=150
  until http_ok "http://$MINIO_ENDPOINT/minio/health/ready"; do
    minio_tries=$((minio_tries - 1))
    [ "$minio_tries" -gt 0 ] && $1 >/dev/null 2>&1 || return 1
    sleep 0.2
  done
}

# Built once and kept. Its module asks for Go 1.24, which a Go from 1.21 on fetches by itself when it is let.
minio_build() {
  go_for_server MinIO "MINIO_ENDPOINT=host:port MINIO_ACCESS_KEY=… MINIO_SECRET_KEY=…"
  mkdir -p -- "$scratch/go"
  say "no MinIO image can be pulled: building MinIO from its Go module, once (2 to 5 minutes)"
  GOBIN=$scratch/go GOTOOLCHAIN=${GOTOOLCHAIN-auto} CGO_ENABLED=0 logged "$GO" install "$minio_module" || {
    show_log "$state/setup.log"
    fail "MinIO could not be built; the end of .berth/setup.log is above" \
      "or use a server that is there: MINIO_ENDPOINT=host:port MINIO_ACCESS_KEY=… MINIO_SECRET_KEY=… berth test"
  }
  mv -f -- "$scratch/go/minio" "$state/bin/minio"
}

# go_for_server SERVER SETTINGS: sets $GO to a Go that can build the server; the settings are for one that is there.
go_for_server() {
  go_setup ||
    fail "the tests need a real $1, and there is none: none in the environment, no registry for its image, no Go to build it" \
      "$2 berth test" \
      "or install Go 1.24 or later: https://go.dev/doc/install"
}

# --- NATS -----------------------------------------------------------------------------------------------

nats_image=nats:2.12

nats_server() {
  if [ -n "${NATS_URL-}" ]; then
    say "testing with the NATS server that NATS_URL names"
    return 0
  fi
  NATS_SERVER=
  if ! nats_from_image; then nats_from_program; fi
  export NATS_URL
  # The program, for tests that stop and kill servers of their own.
  if [ -n "$NATS_SERVER" ]; then export NATS_SERVER; else unset NATS_SERVER; fi
  say "testing with a NATS server of its own at $NATS_URL"
}

nats_from_image() {
  { have docker && have curl; } || return 1
  if ! docker image inspect "$nats_image" >/dev/null 2>&1; then
    curl -s --connect-timeout 5 -m 10 -o /dev/null https://registry-1.docker.io/v2/ || return 1
    say "pulling $nats_image"
    docker pull "$nats_image" >&2 || return 1
  fi
  nats_container=$(docker run -d --rm -p 127.0.0.1::4222 "$nats_image" -js) || return 1
  at_exit="nats_container_stop $at_exit"
  NATS_URL=nats://$(docker port "$nats_container" 4222/tcp 2>/dev/null | head -n 1)
  nats_wait "docker inspect $nats_container" || {
    say "a container of $nats_image does not come up here: doing without"
    return 1
  }
  # Where the image's program runs here too.
  docker cp "$nats_container:/nats-server" "$scratch/nats-server" >/dev/null 2>&1 || :
  if "$scratch/nats-server" --version >/dev/null 2>&1; then NATS_SERVER=$scratch/nats-server; fi
}

nats_container_stop() { docker rm -f -v "$nats_container" >/dev/null 2>&1 || :; }

nats_from_program() {
  nats_find || {
    lock
    nats_find || unpack_program nats-server
    unlock
    nats_find ||
      fail "the tests need a real NATS server, and there is none: no NATS_URL, no registry for its image, no program nats-server" \
        "NATS_URL=nats://host:port berth test" "or install it: https://docs.nats.io/running-a-nats-service/introduction/installation"
  }
  mkdir -- "$scratch/nats"
  nats_port=$(free_port)
  NATS_URL=nats://127.0.0.1:$nats_port
  nice -n -10 "$NATS_SERVER" -js -sd "$scratch/nats/data" -a 127.0.0.1 -p "$nats_port" \
    >"$scratch/nats/log" 2>&1 </dev/null 9>&- &
  nats_pid=$!
  at_exit="nats_process_stop $at_exit"
  nats_wait "kill -0 $nats_pid" || {
    show_log "$scratch/nats/log"
    fail "the test's NATS server does not come up; its messages are above"
  }
}

nats_process_stop() {
  kill "$nats_pid" 2>/dev/null || :
  wait "$nats_pid" 2>/dev/null || :
}

# Sets $NATS_SERVER.
nats_find() {
  for NATS_SERVER in "$(command -v nats-server || :)" /usr/sbin/nats-server "$state/bin/nats-server"; do
    [ ! -x "$NATS_SERVER" ] || return 0
  done
  NATS_SERVER=
  return 1
}

# unpack_program PACKAGE: puts its program of the same name into .berth/bin. Taken out of the distribution's package: to
# install that would start a server for good.
unpack_program() {
  { is_debian && have dpkg-deb; } || return 0
  say "fetching $1 from the distribution, for the tests"
  mkdir -p -- "$scratch/$1-package"
  download_package "$1" || {
    can_apt || return 0
    logged apt-get -o DPkg::Lock::Timeout=300 update 9>&-
    download_package "$1" || return 0
  }
  logged dpkg-deb -x "$scratch/$1-package"/*.deb "$scratch/$1-package" || return 0
  for program in "$scratch/$1-package/usr/sbin/$1" "$scratch/$1-package/usr/bin/$1"; do
    [ ! -f "$program" ] || mv -f -- "$program" "$state/bin/$1"
  done
}

download_package() {
  (cd -- "$scratch/$1-package" && logged apt-get -o APT::Sandbox::User=root download "$1" 9>&-)
}

# nats_wait ALIVE: as minio_wait.
nats_wait() {
  nats_tries=150
  until nats_ok "${NATS_URL##*:}"; do
    nats_tries=$((nats_tries - 1))
    [ "$nats_tries" -gt 0 ] && $1 >/dev/null 2>&1 || return 1
    sleep 0.2
  done
}

# nats_ok PORT: whether a server greets there.
nats_ok() {
  "$DENO" eval --no-config --no-lock 'const c = await Deno.connect({ hostname: "127.0.0.1", port: +Deno.args[0] });
    const b = new Uint8Array(4); await c.read(b);
    Deno.exit(new TextDecoder().decode(b) === "INFO" ? 0 : 1)' "$1" 2>/dev/null
}

# --- MongoDB --------------------------------------------------------------------------------------------

mongo_image=mongo:8.0

mongo_server() {
  if [ -n "${MONGO_URI-}" ]; then
    say "testing with the MongoDB that MONGO_URI names"
    return 0
  fi
  if mongo_from_image; then
    say "testing with a MongoDB of its own at $MONGO_URI"
  else
    ferretdb
    say "testing with a FerretDB of its own at $MONGO_URI (it speaks MongoDB's protocol)"
  fi
  export MONGO_URI
}

mongo_from_image() {
  { have docker && have curl; } || return 1
  if ! docker image inspect "$mongo_image" >/dev/null 2>&1; then
    curl -s --connect-timeout 5 -m 10 -o /dev/null https://registry-1.docker.io/v2/ || return 1
    say "pulling $mongo_image"
    docker pull "$mongo_image" >&2 || return 1
  fi
  mongo_container=$(docker run -d --rm -p 127.0.0.1::27017 "$mongo_image") || return 1
  at_exit="mongo_container_stop $at_exit"
  MONGO_URI=mongodb://$(docker port "$mongo_container" 27017/tcp 2>/dev/null | head -n 1)
  mongo_wait "docker exec $mongo_container mongosh --quiet --eval db.hello()" "docker inspect $mongo_container" || {
    say "a container of $mongo_image does not come up here: doing without"
    return 1
  }
}

mongo_container_stop() { docker rm -f -v "$mongo_container" >/dev/null 2>&1 || :; }

ferretdb() {
  ferretdb_is_built || {
    lock
    ferretdb_is_built || ferretdb_build
    unlock
  }
  mkdir -- "$scratch/ferretdb" "$scratch/ferretdb/data"
  # It chooses the port itself, and says which.
  nice -n -10 "$state/bin/ferretdb" 127.0.0.1:0 "$scratch/ferretdb/data" >"$scratch/ferretdb/log" 2>&1 </dev/null 9>&- &
  ferretdb_pid=$!
  at_exit="ferretdb_stop $at_exit"
  mongo_wait ferretdb_listens "kill -0 $ferretdb_pid" || {
    show_log "$scratch/ferretdb/log"
    fail "the test's FerretDB does not come up; its messages are above"
  }
}

ferretdb_stop() {
  kill "$ferretdb_pid" 2>/dev/null || :
  wait "$ferretdb_pid" 2>/dev/null || :
}

# Sets $MONGO_URI.
ferretdb_listens() {
  ferretdb_address=$(sed -n 's/^.*Listening on TCP \([0-9.:]*[0-9]\)\.\.\..*$/\1/p' "$scratch/ferretdb/log")
  MONGO_URI=mongodb://$ferretdb_address
  [ -n "$ferretdb_address" ]
}

# mongo_wait READY ALIVE: as minio_wait, until the command READY is true.
mongo_wait() {
  mongo_tries=150
  until $1 >/dev/null 2>&1; do
    mongo_tries=$((mongo_tries - 1))
    [ "$mongo_tries" -gt 0 ] && $2 >/dev/null 2>&1 || return 1
    sleep 0.2
  done
}

# Builds it from a copy of its source: as it is, it searches whole collections where MongoDB uses the index of _id.
ferretdb_compile() {
  ferretdb_source=$scratch/ferretdb-source
  cp -R -- "$here/setup/ferretdb" "$ferretdb_source" &&
    "$GO" mod download -C "$ferretdb_source" github.com/FerretDB/FerretDB &&
    cp -R -- "$("$GO" list -C "$ferretdb_source" -m -f '{{.Dir}}' github.com/FerretDB/FerretDB)" "$ferretdb_source/original" &&
    chmod -R u+w "$ferretdb_source/original" &&
    sh "$ferretdb_source/patch/apply.sh" "$ferretdb_source/original" &&
    "$GO" mod edit -C "$ferretdb_source" -replace github.com/FerretDB/FerretDB=./original &&
    "$GO" build -C "$ferretdb_source" -trimpath -buildvcs=false -o "$scratch/ferretdb-program" .
}

# Kept, and built again when its source has changed.
ferretdb_is_built() {
  [ -x "$state/bin/ferretdb" ] && [ -z "$(find "$here/setup/ferretdb" -type f -newer "$state/bin/ferretdb")" ]
}

ferretdb_build() {
  go_for_server "MongoDB (or FerretDB)" "MONGO_URI=mongodb://host:port"
  say "no MongoDB image can be pulled: building FerretDB from its Go module, once (1 to 2 minutes)"
  GOTOOLCHAIN=${GOTOOLCHAIN-auto} CGO_ENABLED=0 logged ferretdb_compile || {
    show_log "$state/setup.log"
    fail "FerretDB could not be built; the end of .berth/setup.log is above" \
      "or use a server that is there: MONGO_URI=mongodb://host:port berth test"
  }
  mv -f -- "$scratch/ferretdb-program" "$state/bin/ferretdb"
}
