# Where a cluster of one name lives: its folders, and the addresses that follow from its slot.

PARTS=(etcd apiserver controller-manager scheduler containerd kubelet proxy dns)
CONTROL_PLANE=(etcd apiserver controller-manager)

place() {
  [[ $1 =~ ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ ]] || fail "Cluster name $1 is not valid: use small letters, digits and hyphens, 32 at most"
  NAME=$1
  CACHE=${REVGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/revgate}
  BIN=$CACHE/cluster/bin
  IMAGES=$CACHE/nodes/$NAME # outlives the cluster, so that images are loaded once
  STATES=${REVGATE_STATE:-/run/revgate}
  STATE=$STATES/$NAME
  [ ${#STATE} -le 60 ] || fail "State path $STATE is too long for the sockets in it: set REVGATE_STATE to a shorter one"
  if [ -s "$STATE/slot" ]; then addresses "$(<"$STATE/slot")"; fi
}

addresses() {
  SLOT=$1
  LINK=rg$SLOT
  HOST_IP=10.199.$SLOT.1 # this machine, as the pods see it
  NODE_IP=10.199.$SLOT.2
  PODS=10.$((200 + SLOT)).0.0/16
  SERVICES=10.$((220 + SLOT)).0.0/16
  API=https://$NODE_IP:6443
}

# Creating the interface is the claim, and the kernel gives it to one only. It goes when the network namespace goes,
# so a slot can not leak. A slot whose networks this machine knows already is passed over.
claim_slot() {
  local slot network
  for slot in {0..15}; do
    addresses "$slot"
    for network in "10.199.$slot.0/30" "$PODS" "$SERVICES"; do
      [ -z "$(ip -4 route show root "$network")" ] || continue 2
    done
    ip link add "$LINK" type veth peer name eth0 netns "$INIT" 2>/dev/null || continue
    echo "$slot" >"$STATE/slot"
    return
  done
  fail "All 16 cluster slots are taken: stop a cluster, or run deploy/local/cluster down --all to remove stale ones"
}

wire() {
  ip addr add "$HOST_IP/30" dev "$LINK"
  ip link set "$LINK" up
  inside ip addr add "$NODE_IP/30" dev eth0
  inside ip link set eth0 up
  inside ip route add default via "$HOST_IP"
  ip route add "$PODS" via "$NODE_IP"
  ip route add "$SERVICES" via "$NODE_IP"
}

# One `up` or `down` of a name at a time. The folder may have been removed while we waited for it: then once more.
lock_name() {
  mkdir -p "$STATES" && chmod 700 "$STATES" && mkdir -p "$STATE"
  exec 8<"$STATE"
  flock 8
  if [ "$STATE" -ef /dev/fd/8 ]; then place "$NAME"; else lock_name; fi # whoever had the lock may have chosen a slot
}

print_env() {
  echo "export KUBECONFIG=$STATE/kubeconfig"
  echo "export PATH=$BIN:\$PATH"
  [ ! -s "$STATE/slot" ] || echo "export REVGATE_HOST_IP=$HOST_IP"
}
