"""What the cluster shows, read into frozen values: a snapshot of one migration."""
