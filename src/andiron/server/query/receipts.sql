-- What was received in the last ten seconds, whoever received it.
SELECT signal, toUnixTimestamp64Milli(at) AS received, count() AS rows
FROM
(
    SELECT 'traces' AS signal, IngestedAt AS at FROM otel_traces WHERE IngestedAt > now64(3) - toIntervalSecond(10)
    UNION ALL
    SELECT 'traces', IngestedAt FROM pending_spans WHERE IngestedAt > now64(3) - toIntervalSecond(10)
    UNION ALL
    SELECT 'logs', IngestedAt FROM otel_logs WHERE IngestedAt > now64(3) - toIntervalSecond(10)
)
GROUP BY signal, at
