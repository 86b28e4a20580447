"""A training cluster of thousands of nodes, made while it is asked for and never held in memory."""
