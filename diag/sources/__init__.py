"""The only code that touches the world: AWS, Kubernetes, nodes, DNS, TCP and files."""
