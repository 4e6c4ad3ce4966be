"""Traces: one with all its records, and lists of them."""
