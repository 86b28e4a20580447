"""Whole runs against answers that were broken on the way: what must hold whatever AWS or Kubernetes seem to say."""
