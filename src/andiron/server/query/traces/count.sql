-- How many spans began between two times.
SELECT count() AS n FROM otel_traces WHERE Timestamp >= ${since} AND Timestamp < ${until}
