/** The functions of Logfire's dialect, each with its signature in one line, for completion and colours. */

export interface Signature {
  name: string;
  call: string;
  words: string;
}

const TEXT = `
count(*) | rows; count(x) without NULL
approx_distinct(x) | different values, about
sum(x) | what they add up to
avg(x) | their mean
min(x) | the least
max(x) | the greatest
median(x) | the one in the middle
approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY x) | a percentile, about
percentile_cont(0.95) WITHIN GROUP (ORDER BY x) | a percentile, exactly
stddev(x) | standard deviation
variance(x) | variance
corr(x, y) | correlation
string_agg(x, ', ') | texts joined
array_agg(x) | values as a list
bool_or(x) | whether any is true
bool_and(x) | whether all are true
first_value(x ORDER BY y) | the first by y
last_value(x ORDER BY y) | the last by y
row_number() OVER (ORDER BY x) | the number of the row
lag(x) OVER (ORDER BY y) | x of the row before
lead(x) OVER (ORDER BY y) | x of the row after
rank() OVER (ORDER BY x) | rank, equal ones alike
time_bucket('5 minutes', time) | the start of its bucket; $resolution suits the range
date_bin(interval '5 minutes', time) | the start of its bucket
date_trunc('hour', time) | cut to hour, day, month …
date_part('hour', time) | a part of it as a number
to_timestamp(seconds) | a time from seconds since 1970
to_char(time, 'YYYY-MM-DD') | a time as text
now() | this moment
generate_series(1, 10) | a row for each number
coalesce(a, b) | the first that is not NULL
nullif(a, b) | NULL where a equals b
greatest(a, b) | the greater
least(a, b) | the lesser
abs(x) | without its sign
round(x, 2) | rounded
floor(x) | rounded down
ceil(x) | rounded up
ln(x) | natural logarithm
power(x, y) | x to the power of y
sqrt(x) | square root
lower(text) | in small letters
upper(text) | in capitals
length(text) | characters
substr(text, from, length) | a part of it
split_part(text, '/', 2) | a part between separators
replace(text, from, to) | with one text instead of another
regexp_replace(text, pattern, to) | with a text instead of a pattern
regexp_match(text, pattern) | what a pattern finds
concat(a, b) | texts one after the other
starts_with(text, 'GET') | whether it begins so
strpos(text, part) | where the part stands, from 1
trim(text) | without spaces at the ends
search(column, 'words') | whole words in any order
array_has(list, x) | whether a list holds x
array_length(list) | how many it holds
array_to_string(list, ', ') | a list as text
cardinality(list) | how many it holds
unnest(list) | a row for each
json_get(json, 'key') | what a key holds
json_get_str(json, 'key') | … as text
json_get_int(json, 'key') | … as whole number
json_get_float(json, 'key') | … as number
json_get_bool(json, 'key') | … as boolean
json_get_json(json, 'key') | … as JSON
json_as_text(json, 'key') | … as text, whatever it is
json_contains(json, 'key') | whether a key is there
json_length(json) | how many it holds
json_object_keys(json) | its keys
jsonb_typeof(json) | object, array, string, number …
jsonb_array_elements(json) | a row for each
jsonb_array_length(json) | how many it holds
countIf(condition) | rows for which it is true
uniq(x) | different values, about
toStartOfHour(time) | cut to the hour
`;

export const FUNCTIONS: Signature[] = TEXT.trim()
  .split("\n")
  .map((line) => {
    const [call = "", words = ""] = line.split(" | ");
    return { name: call.slice(0, call.indexOf("(")), call, words };
  });
