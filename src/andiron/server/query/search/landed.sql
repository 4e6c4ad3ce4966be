-- Which of some spans have ended. (The dash is nobody's id: a list of one place alone would lose its brackets.)
SELECT TraceId AS trace_id, SpanId AS span_id
FROM otel_traces
PREWHERE TraceId IN ('-', ${traces}) AND Timestamp >= ${since}
WHERE SpanId IN ('-', ${spans}) AND SpanType != 'log' AND Duration > 0
GROUP BY trace_id, span_id
