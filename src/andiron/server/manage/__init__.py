"""Governing a server over HTTP: projects, tokens, retention, storage, health, quarantine."""
