#!/bin/sh
# The first process of a lab: its network, to which the nodes are plugged, and where its servers and Berth run.
#
# hub.sh FOLDER LIFE
set -eu

lab=$1 life=$2

ip link set lo up
# The network of the nodes, and the world outside, which they reach also while they are cut off from each other. Each has
# an address of its own: it would take the lowest of its ports, and change it when a node goes.
ip link add hub address 02:77:00:00:00:fe type bridge
ip addr add 10.77.0.254/24 dev hub
ip link set hub up
ip link add outside address 02:78:00:00:00:fe type bridge
ip addr add 10.78.0.254/24 dev outside
ip link set outside up
# So that nodes can name this network.
mount -t tmpfs tmpfs /run
mkdir /run/netns
touch /run/netns/hub
mount --bind /proc/self/ns/net /run/netns/hub

# As the machine sees it: /proc is still the machine's.
read -r pid _ </proc/self/stat
echo "$pid" >"$lab/pid.new"
mv "$lab/pid.new" "$lab/pid"
if [ "$life" = input ]; then
  exec docker-init -- sh -c 'read -r _' "$lab"
else
  exec docker-init -- sh -c 'exec sleep infinity' "$lab" </dev/null
fi
