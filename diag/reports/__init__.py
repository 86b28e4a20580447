"""How results are told: one model, one module for each format."""
