"""Many nodes at once: which to ask, and what those that fail have in common that the others have not."""
