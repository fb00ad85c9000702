# A cluster's life: up brings it to what is asked for from whatever is there, down leaves nothing.

up() {
  local wanted=("${PARTS[@]}") owner=''
  while [ $# -gt 0 ]; do
    case $1 in
      --control-plane) wanted=("${CONTROL_PLANE[@]}"); shift ;;
      --owner) owner=${2:?--owner needs a pid}; shift 2 ;;
      *) fail "Unknown argument $1 of up: see deploy/local/cluster help" ;;
    esac
  done
  [ -x "$BIN/controlplane" ] && [ -x "$BIN/helm" ] && [ -e "$BIN/pause" ] || fail "The programs of the cluster are not built yet: run deploy/local/cluster build"
  needs_tools curl openssl ip nsenter unshare
  lock_name
  if is_begun && runs_all "${wanted[@]}" && api_ready; then
    say "Cluster $NAME is up already"
    return
  fi
  is_begun || begin "$owner"
  start_all "${wanted[@]}"
  say "Cluster $NAME is up after $SECONDS s: eval \"\$(deploy/local/cluster env --name $NAME)\""
}

# The kubeconfig is what begin writes last
is_begun() { is_up && [ -s "$STATE/kubeconfig" ]; }
begin() {
  clear_state
  mkdir -p "$STATE"/{log,parts}
  [ -z "${1:-}" ] || echo "$1 $(start_time "/proc/$1")" >"$STATE/owner"
  [ "${ETCD_FSYNC:-}" != 1 ] || touch "$STATE/fsync"
  open_space
  claim_slot
  wire
  write_credentials
}
start_all() {
  local part
  if [[ " $* " == *" containerd "* ]] && ! part_runs containerd; then start_node_base; fi
  for part in "$@"; do start_part "$part"; done
  await 60 controller-manager default_account
  if [[ " $* " == *" kubelet "* ]]; then
    await 120 kubelet node_ready
    await 60 dns dns_ready
  fi
}
start_node_base() {
  needs_tools containerd ctr runc iptables conntrack
  [ -x /usr/lib/cni/bridge ] || fail "The CNI plugins are missing in /usr/lib/cni: run deploy/local/install-tools first"
  [ -e "$STATE/kubelet.yaml" ] || write_node_settings
  start_containerd
  forget_containers
  are_images_whole || forget_images
  load_pause
}
runs_all() {
  local part
  for part in "$@"; do part_runs "$part" || return 1; done
}

down() {
  case ${1:-} in
    --all) down_stale ;;
    '') [ -d "$STATE" ] || { say "Cluster $NAME is not there"; return; }
        lock_name
        remove ;;
    *) fail "Unknown argument $1 of down: see deploy/local/cluster help" ;;
  esac
}
down_stale() {
  local folder
  for folder in "$STATES"/*/; do
    [ -d "$folder" ] || continue
    place "$(basename "$folder")"
    ! is_stale || (lock_name; ! is_stale || { say "Removing stale cluster $NAME"; remove; })
  done
}
is_stale() { ! is_up || { [ -s "$STATE/owner" ] && ! is_recorded /proc "$STATE/owner"; }; }

clear_state() {
  ! is_up || close_space
  find /sys/fs/cgroup -maxdepth 3 -type d -path "*/revgate/$NAME" -exec find {} -depth -type d -exec rmdir {} + ';' 2>/dev/null || true
  # The folder itself stays, because whoever waits for its lock must find it
  find "$STATE" -mindepth 1 -delete
}
remove() { clear_state; rmdir "$STATE"; }

status() {
  local part missing=0
  [ -d "$STATE" ] || { echo "Cluster $NAME is not there"; return 1; }
  is_begun || { echo "Cluster $NAME is stale: deploy/local/cluster up starts it anew, down removes it"; return 1; }
  echo "Cluster $NAME, slot $SLOT, $API, KUBECONFIG=$STATE/kubeconfig"
  for part in "${PARTS[@]}"; do
    if part_runs "$part"; then echo "  $part runs"
    elif [ -e "$STATE/parts/$part" ] || [ -e "$STATE/parts/$part.killed" ]; then echo "  $part is dead"; missing=1
    else echo "  $part was not asked for"; fi
  done
  return $missing
}
