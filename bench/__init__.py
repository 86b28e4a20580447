"""Speed and memory of the tool as a person meets it: whole processes, paired runs. Prints figures, judges nothing."""
