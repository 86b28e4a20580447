"""The Kubernetes side of the lab: an API server over TLS that serves a world of plain objects."""
