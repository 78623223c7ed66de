#!/bin/sh
# supervisor.sh VERSION: the first program of every container of a cluster. It becomes the supervisor, whose end ends every
# other program in the container: the container's init process waits for it alone.
#
# The supervisor is on the node, in a folder that the containers share. A container for a node that may not have this
# version yet brings it along: compressed, in parts, for each kind of machine.
here=${0%/*}
folder=${BERTH_CACHE:-/berth-cache}/programs
program=$folder/$1

install() {
  machine=$(uname -m)
  set -- "$here/$machine".*
  [ -e "$1" ] || return 1
  mkdir -p "$folder" && chmod 700 "$folder" || return 1
  # Several containers may do this at once: each writes a file of its own, and the last one stays.
  part=$(mktemp "$program.XXXXXX") || return 1
  cat "$@" | gzip -dc >"$part" && chmod 755 "$part" && sync && mv -f "$part" "$program" && return 0
  rm -f "$part"
  return 1
}

# A file may be empty after a loss of power.
if ! [ -s "$program" ] && ! install; then
  echo "berth: this node does not have the supervisor ($(uname -m), version $1) yet; the next start brings it along" >&2
  exit 69
fi
exec "$program"
