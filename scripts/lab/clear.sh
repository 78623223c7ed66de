#!/bin/sh
# Removes what the kernel and the disk keep of a lab that has ended.
#
# clear.sh FOLDER CGROUP
set -eu

lab=$1 cgroup=$2

# Programs that others started in its network end, too: nothing answers them any more.
if [ "$(stat -f -c %T "$lab/network" 2>/dev/null)" = nsfs ]; then
  # find takes a pattern, in which brackets mean something else.
  find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' -lname "net:\\[$(stat -L -c %i "$lab/network")\\]" 2>/dev/null |
    sed 's|^/proc/||; s|/.*||' | while read -r pid; do kill -KILL "$pid" 2>/dev/null || :; done
  umount "$lab/network"
fi
# A group goes once its last process is gone.
tries=100
while [ -n "$(find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" 2>/dev/null | head -n 1)" ] && [ "$tries" -gt 0 ]; do
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || sleep 0.1
  tries=$((tries - 1))
done
rm -rf -- "$lab"
