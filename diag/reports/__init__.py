"""How results are printed: one model, one module for each format."""
