"""Bridges from logging libraries: each reads its library's records as entries, and writes lines or makes telemetry of them."""
