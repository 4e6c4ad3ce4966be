-- Pieces that several tables and views share. A line `-- :name` opens a piece; `${name}` in another file stands for it.

-- :scalars
-- One OTLP scalar as the Protobuf reader fills it.
string_value String, bool_value Bool, int_value Int64, double_value Float64, bytes_value String

-- :value
-- Any OTLP value. The Enum named `value`, as the oneof is, receives the tag of the member that was set, so that '' and 0 are told
-- from "nothing". Arrays of scalars are read here; deeper values arrive as JSON text (json_value).
${scalars},
array_value Tuple(values Array(Tuple(${scalars},
    value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4, 'bytes_value' = 7)))),
json_value String,
value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4, 'array_value' = 5, 'bytes_value' = 7, 'json_value' = 100)

-- :pairs
-- A list of OTLP attributes.
Array(Tuple(key String, value Tuple(${value})))

-- :types
-- What each attribute was on the wire, where it was not a string: {"user.id":"int"}, or empty. One instrumented place in a program
-- always sends the same types, so a dictionary holds them: merging costs next to nothing, where an array of pairs took 1.6 µs a
-- span, and a map would be split into buckets like the large ones, files of its own each.
LowCardinality(String)

-- :attributes
-- In buckets: filtering by one key reads a part of the map (with sixteen, 195 ms became 47 ms on three million spans). Eight, since
-- each costs something at every merge.
Map(LowCardinality(String), String) CODEC(ZSTD(1))

-- :nano
-- Nanoseconds on the wire to DateTime64(9); what lies beyond 2105 stays at its end: the tables are sorted by seconds of 32 bits, which
-- begin anew a month later, and a bound of time would pass by such a record.
(t -> fromUnixTimestamp64Nano(toInt64(least(t, 4291747200000000000))))

-- :decimal
-- A double as JSON: always recognisable as one, never a bare nan.
(d -> multiIf(isFinite(d) AND match(toString(d), '[.e]'), toString(d), isFinite(d), concat(toString(d), '.0'),
    isNaN(d), '"NaN"', d > 0, '"Infinity"', '"-Infinity"'))

-- :elements
-- An array of scalars as JSON text.
(values -> concat('[', arrayStringConcat(arrayMap((t, s, b, i, d, y) -> multiIf(
        t = 'string_value', toJSONString(s), t = 'int_value', toString(i), t = 'double_value', decimal(d),
        t = 'bool_value', if(b, 'true', 'false'), t = 'bytes_value', concat('"', base64Encode(y), '"'), 'null'),
    tupleElement(values, 'value'), tupleElement(values, 'string_value'), tupleElement(values, 'bool_value'), tupleElement(values, 'int_value'), tupleElement(values, 'double_value'), tupleElement(values, 'bytes_value')), ','), ']'))

-- :texts
-- The values of attributes as the text that the maps hold.
(p -> arrayMap((t, s, b, i, d, y, j, a) -> multiIf(
        t = 'string_value', s, t = 'int_value', toString(i), t = 'double_value', toString(d), t = 'bool_value', if(b, 'true', 'false'),
        t = 'array_value', elements(a), t = 'bytes_value', base64Encode(y), t = 'json_value', j, ''),
    tupleElement(tupleElement(p, 'value'), 'value'), tupleElement(tupleElement(p, 'value'), 'string_value'), tupleElement(tupleElement(p, 'value'), 'bool_value'), tupleElement(tupleElement(p, 'value'), 'int_value'), tupleElement(tupleElement(p, 'value'), 'double_value'), tupleElement(tupleElement(p, 'value'), 'bytes_value'),
    tupleElement(tupleElement(p, 'value'), 'json_value'), tupleElement(tupleElement(tupleElement(p, 'value'), 'array_value'), 'values')))

-- :map
-- Attributes as a map of texts.
(p -> CAST(mapFromArrays(tupleElement(p, 'key'), texts(p)) AS Map(LowCardinality(String), String)))

-- :typed
-- The types of those attributes that are no strings.
(p -> if(arrayAll(t -> t = 'string_value', tupleElement(tupleElement(p, 'value'), 'value')), '', concat('{', arrayStringConcat(arraySort(arrayFilter(
    pair -> pair != '',
    arrayMap((k, t) -> if(t = 'string_value', '', concat(toJSONString(k), ':', transform(toInt8(t), [2, 3, 4, 5, 7, 100], ['"bool"', '"int"', '"double"', '"json"', '"bytes"', '"json"'], '"null"'))),
        tupleElement(p, 'key'), tupleElement(tupleElement(p, 'value'), 'value')))), ','), '}')))

-- :lambdas
${nano} AS nano, ${decimal} AS decimal, ${elements} AS elements, ${texts} AS texts, ${map} AS map, ${typed} AS typed, ${own} AS own

-- :lifted
-- Logfire's attributes that become columns, from the `keys` and `vals` of the attributes: each only when it is of the type that
-- Logfire gives it, since the other members of a value are empty.
tupleElement(vals, 'string_value') AS strings,
strings[indexOf(keys, 'logfire.span_type')] AS span_type,
span_type = 'pending_span' AS pending,
strings[indexOf(keys, 'logfire.pending_parent_id')] AS pending_parent_id,
strings[indexOf(keys, 'logfire.msg')] AS Message,
strings[indexOf(keys, 'logfire.json_schema')] AS JsonSchema,
tupleElement(vals, 'int_value')[indexOf(keys, 'logfire.level_num')] AS level,
tupleElement(tupleElement(vals, 'array_value'), 'values')[indexOf(keys, 'logfire.tags')] AS tag_values,
if(arrayAll(t -> t = 'string_value', tupleElement(tag_values, 'value')), tupleElement(tag_values, 'string_value'), []) AS Tags

-- :own
-- The attributes without those.
(p -> if(arrayExists(k -> startsWith(k, 'logfire.'), tupleElement(p, 'key')), arrayFilter((a, k, t) ->
        NOT ((k IN ('logfire.msg', 'logfire.span_type', 'logfire.json_schema') AND t = 'string_value')
            OR (k = 'logfire.level_num' AND t = 'int_value') OR (k = 'logfire.tags' AND t = 'array_value' AND arrayAll(v -> tupleElement(v, 'value') = 'string_value',
                tupleElement(tupleElement(tupleElement(a, 'value'), 'array_value'), 'values')))),
    p, tupleElement(p, 'key'), tupleElement(tupleElement(p, 'value'), 'value')), p))

-- :exemplars
-- Single measurements kept beside their aggregate, with the trace they were taken in.
`Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
`Exemplars.FilteredAttributeTypes` Array(${types}) CODEC(ZSTD(1)),
`Exemplars.TimeUnix` Array(DateTime64(9)) CODEC(ZSTD(1)),
`Exemplars.Value` Array(Float64) CODEC(ZSTD(1)),
`Exemplars.IntValue` Array(Int64) CODEC(ZSTD(1)),
`Exemplars.ValueType` Array(Enum8('no' = 0, 'as_double' = 3, 'as_int' = 6)) CODEC(ZSTD(1)),
`Exemplars.SpanId` Array(String) CODEC(ZSTD(1)),
`Exemplars.TraceId` Array(String) CODEC(ZSTD(1))


-- :exemplar_list
-- Exemplars as the Protobuf reader fills them.
Array(Tuple(filtered_attributes ${pairs}, time_unix_nano UInt64, as_double Float64, as_int Int64,
    value Enum8('no' = 0, 'as_double' = 3, 'as_int' = 6), span_id String, trace_id String))

-- :number_points
Array(Tuple(attributes ${pairs}, start_time_unix_nano UInt64, time_unix_nano UInt64, flags UInt32, exemplars ${exemplar_list},
    as_double Float64, as_int Int64, value Enum8('no' = 0, 'as_double' = 4, 'as_int' = 6)))

-- :point
-- A data point of any kind: what its kind lacks is empty.
Tuple(attributes ${pairs}, start_time_unix_nano UInt64, time_unix_nano UInt64, flags UInt32, exemplars ${exemplar_list}, as_double Float64, as_int Int64, value Enum8('no' = 0, 'as_double' = 4, 'as_int' = 6), count UInt64, sum Nullable(Float64), min Nullable(Float64), max Nullable(Float64), bucket_counts Array(UInt64), explicit_bounds Array(Float64), scale Int32, zero_count UInt64, zero_threshold Float64, positive Tuple(offset Int32, bucket_counts Array(UInt64)), negative Tuple(offset Int32, bucket_counts Array(UInt64)), quantile_values Array(Tuple(quantile Float64, value Float64)))

-- :exemplar_names
`Exemplars.FilteredAttributes`, `Exemplars.FilteredAttributeTypes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.IntValue`, `Exemplars.ValueType`, `Exemplars.SpanId`, `Exemplars.TraceId`

-- :environment
-- Where a record ran, by the name of today or the one before.
LowCardinality(String) MATERIALIZED if(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment']) CODEC(ZSTD(1))
