"""Whether packets and names reach the file servers."""
