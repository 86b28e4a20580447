"""Joins symptoms, findings and known causes into a differential diagnosis."""
