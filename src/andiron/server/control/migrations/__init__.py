"""The history of the metadata's tables, in Alembic's form. `metadata.py` runs it whenever the database is opened."""
