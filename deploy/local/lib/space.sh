# The namespaces of a cluster and the processes in them. A recorded process is signalled only while its pid still
# has the start time that was recorded, so that a reused pid is safe.

# A process's start time in clock ticks since boot, by the /proc of the namespace that knows it
start_time() {
  local line
  { line=$(<"$1/stat"); } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # the fields after the name, which may contain spaces
  set -- ${line##*) }
  echo "${20}"
}
is_recorded() { [ -s "$2" ] && local pid started && read -r pid started <"$2" && [ "$(start_time "$1/$pid")" = "$started" ]; }

# Whether the cluster's first process lives. It sets INIT, its pid on this machine
is_up() {
  is_recorded /proc "$STATE/init" || return 1
  read -r INIT _ <"$STATE/init"
  [ "$(tr '\0' ' ' <"/proc/$INIT/cmdline" 2>/dev/null)" = "revgate-cluster $STATE " ]
}
open_space() {
  setsid unshare --pid --mount --net --fork "$here/lib/init" "$STATE" "$BIN/pause" >"$STATE/log/init.log" 2>&1 </dev/null 8<&- &
  local deadline=$((SECONDS + 10))
  until is_up; do
    [ $SECONDS -lt $deadline ] || fail "Cluster $NAME could not make its namespaces: $(tail -n 1 "$STATE/log/init.log")"
    sleep 0.02
  done
}
# The kernel ends every process of a PID namespace with its first one, and that one is gone only after them
close_space() {
  [ -z "${LINK:-}" ] || ip link del "$LINK" 2>/dev/null || true
  kill -KILL "$INIT"
  local deadline=$((SECONDS + 20))
  while is_recorded /proc "$STATE/init"; do
    [ $SECONDS -lt $deadline ] || fail "Process $INIT of cluster $NAME does not die: look for an unkillable process in it"
    sleep 0.02
  done
}
inside() { nsenter --target "$INIT" --pid --mount --net -- "$@" 8<&-; }

part_runs() { is_recorded "/proc/$INIT/root/proc" "$STATE/parts/$1"; }

# launch PART COMMAND...: in the namespaces, as a child of their first process
launch() {
  local part=$1
  shift
  # shellcheck disable=SC2016 # expanded inside
  inside sh -c 'log=$1 record=$2; shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null &
    echo "$! $(sed "s/.*) //" /proc/$!/stat | cut -d" " -f20)" >"$record"' sh "$STATE/log/$part.log" "$STATE/parts/$part" "$@"
}
start_part() { rm -f "$STATE/parts/$1.killed"; part_runs "$1" || "start_${1//-/_}"; }
# Starts a part again, and what ended by itself for want of it: controllers that were just starting, for instance
restart_part() {
  local part
  start_part "$1"
  for part in "${PARTS[@]}"; do
    [ ! -e "$STATE/parts/$part" ] || start_part "$part"
  done
  [ "$1" != dns ] || await 60 dns dns_ready
}
kill_part() {
  local pid deadline=$((SECONDS + 10))
  part_runs "$1" || return 0
  read -r pid _ <"$STATE/parts/$1"
  inside sh -c 'kill -KILL "$1"' sh "$pid" || true
  while part_runs "$1"; do
    [ $SECONDS -lt $deadline ] || fail "$1 of cluster $NAME does not die: run deploy/local/cluster down --name $NAME"
    sleep 0.02
  done
  mv "$STATE/parts/$1" "$STATE/parts/$1.killed"
}
