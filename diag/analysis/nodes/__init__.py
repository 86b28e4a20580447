"""The nodes: which can mount, which do, and what sets failing ones apart."""
