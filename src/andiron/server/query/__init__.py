"""Answers questions: the SQL dialect, the Logfire API."""
