"""A small shop's telemetry, made up: the same for the same seed and clock. `story` tells it, `large_trace` makes one trace of any size."""

from andiron.demo.large import large_trace as large_trace
from andiron.demo.large import trace_id_of as trace_id_of
from andiron.demo.otlp import Request as Request
from andiron.demo.story import story as story
