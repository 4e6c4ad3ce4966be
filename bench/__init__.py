"""Benchmarks: each a command that prints a ratio against a peer, the raw engine or the version before, taken in one run."""
