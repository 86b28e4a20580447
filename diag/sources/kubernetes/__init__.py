"""The Kubernetes API through the official client's configuration and transport, parsed straight into typed facts."""
