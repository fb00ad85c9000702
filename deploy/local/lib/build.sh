# The programs, compiled from Go modules. One multi-call binary: its parts share most packages, so they compile and
# link once.

build() {
  needs_tools go gcc buildah flock
  mkdir -p "$BIN"
  exec 9>"$CACHE/cluster/build.lock"
  flock 9 # a second build waits, and then finds everything there
  is_fresh controlplane "$KUBERNETES" "$here"/controlplane/{go.mod,go.sum,main.go} || build_controlplane
  is_fresh helm "$HELM" || GOBIN=$BIN go install -ldflags '-s -w' "helm.sh/helm/v4/cmd/helm@$HELM"
  is_fresh pause dev "$here/pause.c" || build_pause
  local program
  for program in controlplane helm pause; do mv "$BIN/.$program.wanted" "$BIN/.$program.inputs"; done
  exec 9>&-
}

# is_fresh PROGRAM VERSION FILE...: whether it was built from these
is_fresh() {
  local program=$1 version=$2
  shift 2
  { echo "$version"; cat "$@" </dev/null; } | sha256sum >"$BIN/.$program.wanted"
  [ -x "$BIN/$program" ] && cmp -s "$BIN/.$program.wanted" "$BIN/.$program.inputs"
}
build_controlplane() {
  local v=k8s.io/component-base/version program minor=${KUBERNETES#v1.}
  say "Compiling Kubernetes $KUBERNETES, about 8 minutes on 2 cores the first time"
  # gitVersion: without it the server reports a version that kubectl and Helm can not parse
  (cd "$here/controlplane" && go build -trimpath -o "$BIN/controlplane.new" \
    -ldflags "-s -w -X $v.gitVersion=$KUBERNETES -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}" .)
  mv "$BIN/controlplane.new" "$BIN/controlplane"
  for program in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl coredns; do
    ln -sf controlplane "$BIN/$program"
  done
}
build_pause() {
  local container
  gcc -Os -static -o "$BIN/pause.new" "$here/pause.c"
  mv "$BIN/pause.new" "$BIN/pause"
  container=$(image_store from scratch)
  image_store copy -q "$container" "$BIN/pause" /pause >/dev/null
  image_store config --entrypoint '["/pause"]' "$container"
  image_store commit -q --rm "$container" localhost/pause:dev >/dev/null
  rm -f "$CACHE/cluster/pause.tar"
  image_store push -q localhost/pause:dev "oci-archive:$CACHE/cluster/pause.tar:localhost/pause:dev"
}
