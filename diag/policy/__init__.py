"""What a team decides about findings: which count, how much, and which are known and accepted for a time."""
