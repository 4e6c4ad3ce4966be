"""Makes records inside an application, over Logfire and OpenTelemetry."""
