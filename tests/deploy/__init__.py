"""Tests of what is deployed: the stacks of deploy/, and the path that telemetry takes."""
