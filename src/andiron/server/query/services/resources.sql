-- Where services run and what they are written in. The attributes of processes are alike in millions of rows, so one minute in
-- ${minutes} is read: the rows of a minute lie together, those between are not touched.
SELECT
    service,
    arraySort(groupUniqArrayIf(20)(environment, environment != '')) AS environments,
    argMaxIf(service_version, at, service_version != '') AS version,
    anyIf(sdk_language, sdk_language != '') AS language
FROM
(
    SELECT
        toString(ServiceName) AS service,
        Timestamp AS at,
        if(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment']) AS environment,
        ResourceAttributes['service.version'] AS service_version,
        ResourceAttributes['telemetry.sdk.language'] AS sdk_language
    FROM otel_traces
    PREWHERE Timestamp >= ${since} AND Timestamp < ${until} AND intDiv(toUnixTimestamp(Timestamp), 60) % ${minutes} = 0 AND ${of}
)
GROUP BY service
