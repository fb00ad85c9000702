"""``kubectl revgate``: migrations and their plans, for the people who look after them.

It talks to the cluster through the user's own kubectl, as a subprocess: so kubeconfig, contexts, exec credentials and
proxies count as they do there, and no Kubernetes client is needed on anybody's machine.
"""
