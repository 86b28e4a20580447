"""How strings are read, whatever they are about: patterns, YAML with positions. Imports nothing of ours."""
