"""Turns what commands and kernel files printed on a node into typed facts. Pure; every parser takes any text."""
