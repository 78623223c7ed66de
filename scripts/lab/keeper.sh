#!/bin/sh
# Keeps a lab, and clears it away when its first process has ended, however that came about.
#
# keeper.sh FOLDER CGROUP LIFE: LIFE is "input" for a lab that ends with this program's input, else "down".
# It holds the lock of FOLDER as long as there is something to clear away.
set -eu

lab=$1 cgroup=$2 life=$3
scripts=${0%/*}
# A Ctrl-C is for whoever started the lab.
trap '' HUP INT TERM
exec 9>"$lab/lock"
flock -n 9

# The name of the network, for as long as the lab is not cleared away: the kernel gives a number to another one as soon as
# nothing holds it.
touch "$lab/network"
# The processes of the lab live in a namespace of processes: the kernel ends all of them with the first.
setpriv --pdeathsig KILL unshare --pid --fork --kill-child=KILL --mount --net="$lab/network" --propagation private \
  sh "$scripts/hub.sh" "$lab" "$life" 9>&- || :
exec </dev/null
sh "$scripts/clear.sh" "$lab" "$cgroup" 9>&-
