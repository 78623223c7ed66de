#!/bin/sh
# The image's entrypoint: `docker run berth` runs the service, `docker run berth ps` any other command of berth.
# `docker exec CONTAINER berth ps` is the same, beside a service that runs.
set -eu
# Folders on the command line are the caller's.
INIT_CWD=${INIT_CWD-$(pwd)}
export INIT_CWD
cd /app
case ${1-start} in
  start)
    [ $# -eq 0 ] || shift
    exec deno task --quiet start "$@"
    ;;
  healthy)
    # The service touches the file every ten seconds while it works.
    [ -n "$(find "${TEMP_DIR:-/tmp/runtime}/${BERTH_INSTANCE:-main}/alive" -mmin -1 2>/dev/null)" ]
    ;;
  ready) exec deno run --quiet -P=client setup/ready.ts ;;
  *) exec deno run --quiet -P=cli main.ts "$@" ;;
esac
