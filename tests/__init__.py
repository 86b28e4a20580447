"""The tests of lustre-doctor, and the lab they talk to."""
