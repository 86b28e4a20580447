"""After a teardown: what is still running and billed, and what a clean-up must not delete."""
