"""What to do about a failure: steps, typed placeholders, and the procedures that several checks and runbooks share."""
