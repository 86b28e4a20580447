"""Ways into a node: the driver's container, SSH, SSM Run Command, or this very machine. All of them only read."""
