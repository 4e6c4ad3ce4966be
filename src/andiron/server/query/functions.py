"""What PostgreSQL's and DataFusion's functions are called in ClickHouse, and which of ClickHouse's own a query may call.

A name has one template or several, chosen by the number of arguments; `{0}` is an argument, `{*}` all of them.
"""

from functools import cache
from importlib import resources

COMBINATORS = ("If", "OrNull", "OrDefault", "Distinct", "Array", "Map", "ForEach", "State", "Merge", "ArgMin", "ArgMax")

TEMPLATES: dict[str, tuple[str, ...]] = {
    # Aggregates
    "count": ("count()", "count({0})"),
    "sum": ("sum({0})",),
    "avg": ("avg({0})",),
    "mean": ("avg({0})",),
    "min": ("min({0})",),
    "max": ("max({0})",),
    "approx_distinct": ("uniq({0})",),
    "approx_median": ("quantileTDigest(0.5)({0})",),
    "median": ("quantileExactInclusive(0.5)({0})",),
    "approx_percentile_cont": ("quantileTDigest({1})({0})", "quantileTDigest({1})({0})"),
    "approx_percentile_cont_with_weight": ("quantileTDigestWeighted({2})({0}, {1})",),
    "percentile_cont": ("quantileExactInclusive({1})({0})",),
    "quantile_cont": ("quantileExactInclusive({1})({0})",),
    "percentile_disc": ("quantileExactLow({1})({0})",),
    "bool_or": ("max(toBool({0}))",),
    "bool_and": ("min(toBool({0}))",),
    "every": ("min(toBool({0}))",),
    "bit_and": ("groupBitAnd({0})",),
    "bit_or": ("groupBitOr({0})",),
    "bit_xor": ("groupBitXor({0})",),
    "stddev": ("stddevSamp({0})",),
    "stddev_samp": ("stddevSamp({0})",),
    "stddev_pop": ("stddevPop({0})",),
    "var": ("varSamp({0})",),
    "variance": ("varSamp({0})",),
    "var_samp": ("varSamp({0})",),
    "var_sample": ("varSamp({0})",),
    "var_pop": ("varPop({0})",),
    "corr": ("corr({*})",),
    "covar": ("covarSamp({*})",),
    "covar_samp": ("covarSamp({*})",),
    "covar_pop": ("covarPop({*})",),
    "regr_slope": ("tupleElement(simpleLinearRegression({1}, {0}), 'k')",),
    "regr_intercept": ("tupleElement(simpleLinearRegression({1}, {0}), 'b')",),
    "mode": ("topK(1)({0})[1]",),
    "any_value": ("any({0})",),
    "first_value": ("first_value({0})",),
    "last_value": ("last_value({0})",),
    "nth_value": ("nth_value({*})",),
    "array_agg": ("groupArray({0})",),
    "string_agg": ("arrayStringConcat(groupArray({0}), {1})",),
    # Windows
    "row_number": ("row_number()",),
    "rank": ("rank()",),
    "dense_rank": ("dense_rank()",),
    "percent_rank": ("percent_rank()",),
    "cume_dist": ("cume_dist()",),
    "ntile": ("ntile({0})",),
    "lag": ("lag(toNullable({0}))", "lag(toNullable({0}), {1})", "lag(toNullable({0}), {1}, {2})"),
    "lead": ("lead(toNullable({0}))", "lead(toNullable({0}), {1})", "lead(toNullable({0}), {1}, {2})"),
    # Conditions
    "coalesce": ("coalesce({*})",),
    "nvl": ("coalesce({*})",),
    "ifnull": ("coalesce({*})",),
    "nullif": ("nullIf({*})",),
    "nvl2": ("if(isNotNull({0}), {1}, {2})",),
    "greatest": ("greatest({*})",),
    "least": ("least({*})",),
    # Text
    "lower": ("lowerUTF8(toString({0}))",),
    "upper": ("upperUTF8(toString({0}))",),
    "initcap": ("initcapUTF8({0})",),
    "length": ("lengthUTF8(toString({0}))",),
    "char_length": ("lengthUTF8({0})",),
    "character_length": ("lengthUTF8({0})",),
    "octet_length": ("length({0})",),
    "bit_length": ("length({0}) * 8",),
    "substr": ("substringUTF8({*})",),
    "substring": ("substringUTF8({*})",),
    "left": ("leftUTF8({*})",),
    "right": ("rightUTF8({*})",),
    "lpad": ("leftPadUTF8({*})",),
    "rpad": ("rightPadUTF8({*})",),
    "ltrim": ("trimLeft({*})",),
    "rtrim": ("trimRight({*})",),
    "btrim": ("trimBoth({*})",),
    "trim": ("trimBoth({*})",),
    "replace": ("replaceAll({*})",),
    "translate": ("translateUTF8({*})",),
    "reverse": ("reverseUTF8({0})",),
    "repeat": ("repeat({*})",),
    "strpos": ("positionUTF8({0}, {1})",),
    "instr": ("positionUTF8({0}, {1})",),
    "position": ("positionUTF8({0}, {1})",),
    "starts_with": ("startsWith({*})",),
    "ends_with": ("endsWith({*})",),
    "contains": ("position({0}, {1}) > 0",),
    "split_part": ("splitByString({1}, {0})[{2}]",),
    "string_to_array": ("splitByString({1}, {0})",),
    "concat": ("concat({*})",),
    "ascii": ("ascii({0})",),
    "chr": ("char({0})",),
    "md5": ("lower(hex(MD5({0})))",),
    "sha256": ("lower(hex(SHA256({0})))",),
    "to_hex": ("lower(hex({0}))",),
    "uuid": ("generateUUIDv4()",),
    "levenshtein": ("editDistanceUTF8({*})",),
    "quote_literal": ("concat('''', replaceAll({0}, '''', ''''''), '''')",),
    # Regular expressions
    "regexp_like": ("match({0}, {1})",),
    "regexp_count": ("countMatches({0}, {1})",),
    "regexp_match": ("extractGroups({0}, {1})",),
    "regexp_matches": ("arrayJoin(extractAllGroupsVertical({0}, {1}))",),
    "regexp_substr": ("nullIf(extract({0}, {1}), '')",),
    "regexp_split_to_array": ("splitByRegexp({1}, {0})",),
    # Numbers
    "abs": ("abs({0})",),
    "ceil": ("ceil({0})",),
    "ceiling": ("ceil({0})",),
    "floor": ("floor({0})",),
    "round": ("round({*})", "round({*})"),
    "trunc": ("trunc({*})", "trunc({*})"),
    "sign": ("sign({0})",),
    "signum": ("sign({0})",),
    "mod": ("{0} % {1}",),
    "power": ("pow({*})",),
    "pow": ("pow({*})",),
    "sqrt": ("sqrt({0})",),
    "cbrt": ("cbrt({0})",),
    "exp": ("exp({0})",),
    "ln": ("log({0})",),
    "log": ("log10({0})", "log({1}) / log({0})"),
    "log10": ("log10({0})",),
    "log2": ("log2({0})",),
    "random": ("randCanonical()",),
    "pi": ("pi()",),
    "isnan": ("isNaN({0})",),
    "width_bucket": ("widthBucket({*})",),
    # Arrays
    "array_has": ("has({0}, {1})",),
    "list_has": ("has({0}, {1})",),
    "array_contains": ("has({0}, {1})",),
    "list_contains": ("has({0}, {1})",),
    "array_has_any": ("hasAny({0}, {1})",),
    "arrays_overlap": ("hasAny({0}, {1})",),
    "array_has_all": ("hasAll({0}, {1})",),
    "array_length": ("nullIf(length({0}), 0)", "nullIf(length({0}), 0)"),
    "list_length": ("length({0})",),
    "cardinality": ("length({0})",),
    "empty": ("empty({0})",),
    "array_to_string": ("arrayStringConcat(arrayMap(x -> toString(x), {0}), {1})",),
    "array_join": ("arrayStringConcat(arrayMap(x -> toString(x), {0}), {1})",),
    "array_position": ("nullIf(indexOf({0}, {1}), 0)",),
    "array_append": ("arrayPushBack({*})",),
    "array_prepend": ("arrayPushFront({1}, {0})",),
    "array_cat": ("arrayConcat({*})",),
    "array_concat": ("arrayConcat({*})",),
    "array_distinct": ("arrayDistinct({0})",),
    "array_sort": ("arraySort({0})",),
    "array_reverse": ("arrayReverse({0})",),
    "array_max": ("arrayMax({0})",),
    "array_min": ("arrayMin({0})",),
    "array_sum": ("arraySum({0})",),
    "array_slice": ("arraySlice({0}, {1}, {2} - {1} + 1)",),
    "array_element": ("{0}[{1}]",),
    "flatten": ("arrayFlatten({0})",),
    "make_array": ("array({*})",),
    "unnest": ("arrayJoin({0})",),
    # JSON in a text
    "json_length": ("JSONLength({*})",),
    "jsonb_array_length": ("JSONLength({0})",),
    "json_array_length": ("JSONLength({0})",),
    "json_object_keys": ("JSONExtractKeys({*})",),
    "json_keys": ("JSONExtractKeys({*})",),
    "jsonb_object_keys": ("arrayJoin(JSONExtractKeys({0}))",),
    "jsonb_array_elements": ("arrayJoin(JSONExtractArrayRaw({0}))",),
    "json_array_elements": ("arrayJoin(JSONExtractArrayRaw({0}))",),
    "jsonb_array_elements_text": ("arrayJoin(JSONExtract({0}, 'Array(String)'))",),
    "json_array_elements_text": ("arrayJoin(JSONExtract({0}, 'Array(String)'))",),
    "to_json": ("toJSONString({0})",),
    "to_jsonb": ("toJSONString({0})",),
    # Search in text
    "search": ("hasAllTokens(lower({0}), lower({1}))",),
    # Rows of their own
    "arrow_typeof": ("toTypeName({0})",),
    "pg_typeof": ("toTypeName({0})",),
}

PERCENTILES = frozenset({"approx_percentile_cont", "percentile_cont", "percentile_disc", "quantile_cont"})

INTEGERS = frozenset(
    {
        "count",
        "approx_distinct",
        "row_number",
        "rank",
        "dense_rank",
        "ntile",
        "length",
        "char_length",
        "strpos",
        "cardinality",
    }
    | {"array_length", "level_num", "json_length", "json_get_int", "octet_length", "regexp_count"}
)
"""Functions of an integer, for the division of PostgreSQL."""


def template(name: str, arguments: int) -> str | None:
    """The ClickHouse that `name` of so many arguments becomes."""
    if (choices := TEMPLATES.get(name)) is None:
        return None
    if len(choices) == 1:
        return choices[0]
    return choices[min(arguments, 1)] if name == "count" else choices[min(max(arguments - 1, 0), len(choices) - 1)]


@cache
def native() -> frozenset[str]:
    """ClickHouse's functions that a query may call."""
    lines = (resources.files("andiron.server.query") / "clickhouse_functions.txt").read_text().splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


@cache
def native_by_lower() -> dict[str, str]:
    """The same, for those who write them in small or capital letters."""
    return {name.lower(): name for name in native()}


def allowed(name: str) -> str | None:
    """ClickHouse's own spelling of `name`, if a query may call it."""
    if name in native():
        return name
    for suffix in COMBINATORS:
        if name.endswith(suffix) and (base := allowed(name.removesuffix(suffix))):
            return base + suffix
    return native_by_lower().get(name.lower())
