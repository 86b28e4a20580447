"""What a node printed, as typed values. Pure."""
