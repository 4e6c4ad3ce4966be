-- What services are and what they are written in, as their newest spans say: the attributes of processes are alike in millions of
-- rows, so only the last minute of each is read.
SELECT
    service,
    argMaxIf(service_version, at, service_version != '') AS version,
    anyIf(sdk_language, sdk_language != '') AS language
FROM
(
    SELECT
        toString(ServiceName) AS service,
        Timestamp AS at,
        ResourceAttributes['service.version'] AS service_version,
        ResourceAttributes['telemetry.sdk.language'] AS sdk_language
    FROM otel_traces
    PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND ${of}
)
GROUP BY service
