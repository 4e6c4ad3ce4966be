"""The Andiron server: ingest, store, query, control, assembled in `app.py`."""
