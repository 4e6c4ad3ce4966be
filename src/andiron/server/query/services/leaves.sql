-- What services reach that sends no spans of its own: databases, queues, and hosts that answer no call with a span. Each row is
-- counted for its service and, under the service '', for all of them.
SELECT
    kind, name, consumed,
    arrayJoin([caller, '']) AS service,
    sum(own_calls) AS calls,
    sum(own_errors) AS errors,
    quantileTDigestMerge(0.95)(digest) / 1e9 AS p95
FROM
(
    SELECT kind, name, consumed, caller, count() AS own_calls, countIf(failed) AS own_errors, quantileTDigestState(0.95)(lasted) AS digest
    FROM
    (
        SELECT
            toString(ServiceName) AS caller,
            if(SpanAttributes['db.system.name'] != '', SpanAttributes['db.system.name'], SpanAttributes['db.system']) AS system,
            if(SpanAttributes['db.namespace'] != '', SpanAttributes['db.namespace'], SpanAttributes['db.name']) AS base,
            SpanAttributes['messaging.system'] AS broker,
            if(SpanAttributes['messaging.destination.name'] != '', SpanAttributes['messaging.destination.name'], SpanAttributes['messaging.destination']) AS topic,
            multiIf(
                SpanAttributes['peer.service'] != '', SpanAttributes['peer.service'],
                SpanAttributes['server.address'] != '', SpanAttributes['server.address'],
                SpanAttributes['net.peer.name'] != '', SpanAttributes['net.peer.name'],
                domain(if(SpanAttributes['url.full'] != '', SpanAttributes['url.full'], SpanAttributes['http.url']))) AS host,
            multiIf(system != '', 'database', broker != '', 'queue', 'external') AS kind,
            multiIf(system != '', if(base = '', system, concat(system, ' ', base)), broker != '', if(topic = '', broker, concat(broker, ' ', topic)), host) AS name,
            SpanKind = 'Consumer' AS consumed,
            cityHash64(TraceId, SpanId) AS key,
            Level >= 17 AS failed,
            Duration AS lasted
        FROM otel_traces
        PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND SpanKind IN ('Client', 'Producer', 'Consumer') AND ${sample}
    )
    WHERE name != '' AND ${of} AND if(kind = 'external', NOT consumed AND key NOT IN (
        SELECT cityHash64(TraceId, ParentSpanId) FROM otel_traces
        PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND SpanKind IN ('Server', 'Consumer') AND ParentSpanId != '' AND ${children}
    ), true)
    GROUP BY kind, name, consumed, caller
)
GROUP BY kind, name, consumed, service
ORDER BY calls DESC, kind, name, service, consumed
