"""Keeps telemetry: the ClickHouse client, the schema and its migrations, retention."""
