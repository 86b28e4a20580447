"""Manifests as a source: YAML, JSON, Helm values and Terraform plans become typed facts with their places."""
