#!/bin/sh
# The supervisor's own shell part.
#   start        runs the supervisor with the language that the image has
#   watch FILE   kills everything in the container at the time in FILE, whatever the supervisor does
here=${0%/*}

start() {
  for program in ${BERTH_LANGUAGES:-python node}; do
    case $program in
    python) command -v python3 >/dev/null && exec python3 -I -S -B "$here/supervisor.py" ;;
    node) command -v node >/dev/null && exec node --max-semi-space-size=1 --optimize-for-size "$here/supervisor.cjs" ;;
    esac
  done
  command -v deno >/dev/null &&
    exec deno run --quiet --allow-all --no-prompt --v8-flags=--max-semi-space-size=1,--optimize-for-size "$here/supervisor.cjs"
  echo "berth: this image has none of python3, node and deno, one of which Berth needs on a cluster: use an image that has one" >&2
  exit 127
}

# FILE holds a time in hundredths of a second since the start of the machine, twice: a time that is just being written
# differs from its copy.
watch() {
  trap '' TERM INT HUP
  # A shell that cannot start `sleep` any more ends: then nothing would end the program in time.
  trap 'kill -9 -1' EXIT
  while :; do
    at= again=
    read -r at again <"$1" || :
    read -r now rest </proc/uptime
    now=${now%.*}${now#*.}
    if [ "$at" != "$again" ] || [ -z "$at" ]; then
      sleep 0.1 2>/dev/null || sleep 1
      continue
    fi
    left=$((at - now))
    [ "$left" -gt 0 ] || break
    part=$((left % 100))
    [ "$part" -gt 9 ] || part=0$part
    sleep "$((left / 100)).$part" 2>/dev/null || sleep "$((left / 100 > 0 ? left / 100 : 1))" || exit 1
  done
  kill -9 -1
}

case ${1:-} in
start) start ;;
watch) watch "$2" ;;
*) echo "usage: $0 start|watch FILE" >&2; exit 2 ;;
esac
