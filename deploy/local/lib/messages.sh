# Words for people: one sentence that names the thing and says what to do next.

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }

needs_root() {
  [ "$(uname -s)" = Linux ] || fail "The local cluster needs Linux: use CLUSTER=kind or CLUSTER=context:NAME here"
  [ "$(id -u)" = 0 ] || fail "The local cluster needs root, for namespaces and mounts: run it with sudo, or use CLUSTER=kind"
}
needs_tools() {
  local tool missing=()
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ ${#missing[@]} = 0 ] || fail "Missing on this machine: ${missing[*]}. Run deploy/local/install-tools first"
}
needs_up() { is_up || fail "Cluster $NAME is not running: run deploy/local/cluster up --name $NAME first"; }

# await SECONDS PART COMMAND...: until the command succeeds; a part that died or never answers shows its last words
await() {
  local deadline=$((SECONDS + $1)) part=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ] || ! part_runs "$part"; then
      say "$part of cluster $NAME did not come up; the last lines of $STATE/log/$part.log:"
      tail -n 8 "$STATE/log/$part.log" >&2 || true
      exit 1
    fi
    sleep 0.1
  done
}
