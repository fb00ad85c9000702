"""The webhook that puts the scheduling gate into labelled pods: a process of its own, without Kopf and Kubernetes."""
