"""What is: the typed, frozen values that sources read from the world. No judgement lives here."""
