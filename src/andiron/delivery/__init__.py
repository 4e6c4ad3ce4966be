"""Carries records from the application to the server: guard, queue, spool, exporter, retry."""
