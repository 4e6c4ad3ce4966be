"""Andiron: the self-hosted home for Logfire and OpenTelemetry."""

__version__ = "0.1.0"
