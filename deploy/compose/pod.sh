#!/bin/sh
# Makes this container a pod of the node: all that it sends goes through the node, as with a routed CNI. Then runs the
# given command. Usage: pod.sh NODE_ADDRESS COMMAND...
set -eu
node=$1
shift
subnet=$(ip -o route show dev eth0 proto kernel scope link | cut -d' ' -f1)
ip route add "$node" dev eth0 scope link
ip route replace default via "$node"
ip route del "$subnet" dev eth0
exec "$@"
