#!/bin/sh
# The first process of a node: a machine with a network, a name, processes and mounts of its own. Ends with its engine;
# whoever kills it switches the machine off.
#
# node.sh FOLDER NUMBER IMAGES CGROUP
set -eu

lab=$1 number=$2 images=$3 cgroup=$4
node=$lab/node-$number
exec >>"$node/log" 2>&1 </dev/null

read -r pid _ </proc/self/stat
# As a service of systemd: the threads of the engine share the processors with the containers as one group does. Otherwise
# an engine that starts many containers would keep those that run from answering.
for cpu in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
  if [ -e "$cpu/cgroup.procs" ]; then
    mkdir -p "$cpu/$cgroup/node-$number/engine"
    echo 0 >"$cpu/$cgroup/node-$number/engine/cgroup.procs"
    break
  fi
done
hostname "node-$number"
ip link set lo up
# The cable of a machine that was switched off may not be gone yet.
tries=100
until ip link add eth0 type veth peer name "node$number" netns hub 2>/dev/null; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ]
  sleep 0.05
done
ip -n hub link set "node$number" master hub up
ip addr add "10.77.0.$number/24" dev eth0
ip link set eth0 up
ip link add eth1 type veth peer name "outside$number" netns hub
ip -n hub link set "outside$number" master outside up
ip addr add "10.78.0.$number/24" dev eth1
ip link set eth1 up

mount -t proc proc /proc
# As of a machine that starts: nothing is left there of before.
mount -t tmpfs tmpfs /run
ln -s "$node/docker.sock" /run/docker.sock
mkdir -p "$node/data/overlay2" "$node/exec"
mount -t tmpfs tmpfs "$node/exec"
# The layers of the images are shared by all nodes of all labs; an engine does not write to them.
[ -e "$node/data/image" ] || cp -a "$images/node/image" "$node/data/"
[ -e "$node/data/overlay2/l" ] || cp -a "$images/node/overlay2/l" "$node/data/overlay2/"
# The engine makes mounts of these folders, which would cover the layers, unless they are some already.
mount --bind "$node/data" "$node/data"
mount --make-shared "$node/data"
mount --bind "$node/data/overlay2" "$node/data/overlay2"
for layer in "$images"/node/overlay2/*; do
  [ "${layer##*/}" != l ] || continue
  mkdir -p "$node/data/overlay2/${layer##*/}"
  mount --bind "$layer" "$node/data/overlay2/${layer##*/}"
done

# containerd writes its stacks to the temporary folder when it is hung.
export TMPDIR=/run
echo "$pid" >"$node/pid.new"
mv "$node/pid.new" "$node/pid"
exec docker-init -- dockerd --config-file "$node/daemon.json"
