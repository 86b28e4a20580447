"""Typed, frozen shapes of what an API or a node returned. No judgement."""
