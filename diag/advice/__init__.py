"""How a fault is fixed: the steps, in their order."""
