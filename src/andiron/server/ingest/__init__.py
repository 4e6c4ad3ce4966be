"""Takes telemetry in: the door (HTTP and gRPC), the journal, the loader."""
