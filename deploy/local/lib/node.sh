# The node: containerd, kubelet, proxy and DNS, with the settings that each of them needs here.

containers() { ctr --address "$STATE/containerd.sock" --namespace k8s.io "$@"; }
node_ready() { ask /api/v1/nodes/node-1 | grep -q '"type":"Ready","status":"True"'; }
dns_ready() { curl -s --max-time 2 "http://$NODE_IP:8181/ready" | grep -q OK; }

start_containerd() {
  launch containerd containerd --config "$STATE/containerd.toml"
  await 60 containerd containers version
}
start_kubelet() {
  launch kubelet "$BIN/kubelet" --config "$STATE/kubelet.yaml" --kubeconfig "$STATE/kubeconfig" --root-dir "$STATE/kubelet" \
    --hostname-override node-1 --node-ip "$NODE_IP"
}
start_proxy() { launch proxy "$BIN/kube-proxy" --config "$STATE/proxy.yaml"; }
start_dns() { launch dns "$BIN/coredns" -conf "$STATE/Corefile"; }

# The images outlive a cluster, and so do containerd's notes about containers that died with it
forget_containers() {
  local old
  old=$(containers containers ls -q)
  [ -n "$old" ] || return 0
  # shellcheck disable=SC2086 # one word each
  containers containers rm $old >/dev/null
  kill_part containerd
  rm -rf "$IMAGES/containerd/io.containerd.grpc.v1.cri"
  start_containerd
}

write_node_settings() {
  mkdir -p "$IMAGES" "$STATE/cni"
  # restrict_oom_score_adj: where root lacks CAP_SYS_RESOURCE, runc can not lower a score, and every pod dies with
  # "can't get final child's PID from pipe: EOF".
  cat >"$STATE/containerd.toml" <<END
version = 2
root = "$IMAGES/containerd"
state = "$STATE/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$STATE/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$STATE/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:dev"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
END
  cat >"$STATE/cni/10-bridge.conflist" <<END
{"cniVersion": "0.4.0", "name": "revgate", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "$STATE/cni-addresses"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
  # cgroupsPerQOS off: the kubelet would remove other kubelets' pods below its root as orphans, and a root of its own
  # must exist in every cgroup hierarchy beforehand; runc makes it as needed. failCgroupV1: for 1.35 and newer.
  cat >"$STATE/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$STATE/containerd.sock
podLogsDir: $STATE/pod-logs
cgroupDriver: cgroupfs
cgroupRoot: /revgate/$NAME
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
clusterDomain: cluster.local
clusterDNS: ["$NODE_IP"]
evictionHard: {memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
maxPods: 250
resolvConf: ""
END
  cat >"$STATE/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $STATE/kubeconfig}
clusterCIDR: $PODS
hostnameOverride: node-1
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
  cat >"$STATE/Corefile" <<END
.:53 {
    bind $NODE_IP
    errors
    ready $NODE_IP:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig $STATE/kubeconfig $NAME
    }
}
END
}
