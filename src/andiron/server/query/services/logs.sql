-- How much each service logs.
SELECT toString(ServiceName) AS service, count() AS logs, toUnixTimestamp64Nano(max(Timestamp)) AS last_seen
FROM otel_logs
WHERE Timestamp >= ${since} AND Timestamp < ${until}
GROUP BY service
ORDER BY logs DESC, service
