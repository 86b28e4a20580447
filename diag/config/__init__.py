"""The team's configuration: selection, severities and suppressions."""
