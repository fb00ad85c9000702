# etcd, API server, controllers and scheduler. etcd listens on the namespace's own loopback: nothing else reaches it.

api_ready() { curl -sk --max-time 2 "$API/readyz" | grep -q '^ok'; }
# Not by kubectl: it is a large program to start twenty times a second
ask() { curl -sf --max-time 2 --cacert "$STATE/pki/apiserver/apiserver.crt" --header "@$STATE/pki/header" "$API$1?pretty=false"; }
default_account() { ask /api/v1/namespaces/default/serviceaccounts/default; }

start_etcd() {
  local hurry=(--unsafe-no-fsync)
  [ ! -e "$STATE/fsync" ] || hurry=()
  launch etcd "$BIN/etcd" --data-dir "$STATE/etcd" --log-level error "${hurry[@]}"
}
start_apiserver() {
  launch apiserver "$BIN/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
    --bind-address "$NODE_IP" --advertise-address "$NODE_IP" --cert-dir "$STATE/pki/apiserver" \
    --service-cluster-ip-range "$SERVICES" --endpoint-reconciler-type master-count \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-signing-key-file "$STATE/pki/sa.key" --service-account-key-file "$STATE/pki/sa.pub" \
    --token-auth-file "$STATE/pki/tokens.csv" --authorization-mode Node,RBAC --allow-privileged \
    --enable-admission-plugins NodeRestriction \
    --kubelet-preferred-address-types InternalIP # or `kubectl logs` would try to resolve the node's name
  await 120 apiserver api_ready
}
start_controller_manager() {
  # With the usual 20 requests a second it fetches the tokens of its controllers for five seconds before they start
  launch controller-manager "$BIN/kube-controller-manager" --kubeconfig "$STATE/kubeconfig" --secure-port 0 --leader-elect=false \
    --kube-api-qps 1000 --kube-api-burst 1000 \
    --service-account-private-key-file "$STATE/pki/sa.key" --root-ca-file "$STATE/pki/apiserver/apiserver.crt" \
    --use-service-account-credentials
}
start_scheduler() {
  launch scheduler "$BIN/kube-scheduler" --kubeconfig "$STATE/kubeconfig" --secure-port 0 --leader-elect=false
}

# Keys, the administrator's token, and a kubeconfig that uses them. Other users: kubectl --as
write_credentials() {
  local token
  mkdir -p "$STATE/pki"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$STATE/pki/sa.key" 2>/dev/null
  openssl pkey -in "$STATE/pki/sa.key" -pubout -out "$STATE/pki/sa.pub"
  token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  echo "$token,admin,admin,system:masters" >"$STATE/pki/tokens.csv"
  echo "Authorization: Bearer $token" >"$STATE/pki/header"
  cat >"$STATE/kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: $NAME, cluster: {server: "$API", certificate-authority: "$STATE/pki/apiserver/apiserver.crt"}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: $NAME, context: {cluster: $NAME, user: admin}}]
current-context: $NAME
END
}
