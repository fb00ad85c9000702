# Images: buildah's store on this machine, the base that our images stand on, and the way into the node.

DEBIAN=bookworm
BASE_IMAGE=${BASE_IMAGE:-localhost/revgate-base:$DEBIAN}

image_store() { buildah --storage-driver overlay "$@"; }
image_id() { image_store inspect --type image --format '{{.FromImageID}}' "$1" 2>/dev/null; }

# Debian with Python and nothing to build with: ensurepip of python3-venv is enough for the build stages
base() {
  needs_tools buildah debootstrap
  mkdir -p "$CACHE/cluster"
  exec 9>"$CACHE/cluster/base.lock"
  flock 9
  if [ -n "$(image_id "$BASE_IMAGE")" ]; then return; fi
  local root container
  root=$(mktemp -d)
  # shellcheck disable=SC2064 # now: the variable is local
  trap "rm -rf '$root'" EXIT
  say "Making $BASE_IMAGE, about a minute"
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$DEBIAN" "$root" "$(debian_mirror)" \
    >"$CACHE/cluster/debootstrap.log" || fail "debootstrap failed: $(tail -n 1 "$CACHE/cluster/debootstrap.log")"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
  container=$(image_store from scratch)
  image_store add -q "$container" "$root" / >/dev/null
  image_store config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 --cmd python3 "$container"
  image_store commit -q --rm "$container" "$BASE_IMAGE" >/dev/null
}
# The mirror that this machine uses
debian_mirror() { apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: $DEBIAN" "Component: main" | head -n 1; }

# load IMAGE...: uncompressed, and only what the node does not have yet: the label says which image it was
load() {
  [ -S "$STATE/containerd.sock" ] || fail "Cluster $NAME has no node: start it without --control-plane"
  load_each "$@" || load_anew "$@" || fail "The images could not be loaded: remove $IMAGES and try again"
}
load_each() {
  local image id tar
  for image in "$@"; do
    id=$(image_id "$image") || fail "Image $image is not in buildah's store: build it with deploy/local/image"
    ! containers images ls -q "name==$image,labels.\"revgate.io/id\"==$id" | grep -q . || continue
    tar=$(mktemp -u --suffix .tar)
    image_store push -q --disable-compression "$image" "oci-archive:$tar:$image" || return
    containers images import "$tar" >/dev/null || { rm -f "$tar"; return 1; }
    rm -f "$tar"
    containers images label "$image" "revgate.io/id=$id" >/dev/null || return
  done
}

# A machine that lost its power leaves names of layers that are not there. What else the node had is loaded again, too
load_anew() {
  local image known=()
  for image in $(containers images ls -q); do [ -z "$(image_id "$image")" ] || known+=("$image"); done
  forget_images && load_pause && load_each "${known[@]}" "$@"
}
are_images_whole() { containers images check | awk 'NR > 1 && ($4 != "complete" || $NF != "true") { bad = 1 } END { exit bad }'; }
forget_images() {
  local images
  say "Removing the images that were kept, because they are damaged: they have to be loaded anew"
  mapfile -t images < <(containers images ls -q)
  [ ${#images[@]} = 0 ] || containers images rm --sync "${images[@]}" >/dev/null
}

# What every pod's sandbox is made of
load_pause() {
  containers images ls -q | grep -qx localhost/pause:dev || containers images import "$CACHE/cluster/pause.tar" >/dev/null
}
