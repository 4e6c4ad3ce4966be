-- Where services run.
SELECT toString(ServiceName) AS service, arraySort(groupUniqArray(20)(toString(Environment))) AS environments
FROM
(
    SELECT ServiceName, Environment
    FROM otel_traces
    WHERE Timestamp >= ${since} AND Timestamp < ${until} AND Environment != ''
    GROUP BY ServiceName, Environment
)
GROUP BY service
