"""The words of the tool: frozen values without behaviour of their own and without I/O."""
