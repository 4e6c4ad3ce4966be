"""Tests of the way in: door, journal, loader."""
