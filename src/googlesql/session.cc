// The settings and macros every connection needs, the macros in one transaction: that is four times
// as fast. Macros hold what is too long to write out at each use; those named lf_to_x raise
// BigQuery's error where lf_try_x is NULL.
#include "googlesql/googlesql.h"

namespace landfall::googlesql {

std::string_view SessionSql() {
  static constexpr std::string_view kSql = R"sql(
SET default_null_order='nulls_first_on_asc_last_on_desc';
SET TimeZone='UTC';
BEGIN TRANSACTION;

-- Time zones by name or as an offset: America/Lima, +5, -08:00, UTC+0530
CREATE OR REPLACE TEMP MACRO lf_is_offset(zone) AS regexp_full_match(zone,
       '(UTC)?[+-]\d{1,2}(:?\d{2})?');
CREATE OR REPLACE TEMP MACRO lf_offset(zone) AS
  to_seconds(CASE WHEN contains(zone, '-') THEN -1 ELSE 1 END *
    (CAST(regexp_extract(zone, '[+-](\d{1,2}?)(?::?(\d{2}))?$', 1) AS BIGINT) * 3600 +
     CAST('0' || regexp_extract(zone, '[+-](\d{1,2}?)(?::?(\d{2}))?$', 2) AS BIGINT) * 60));
CREATE OR REPLACE TEMP MACRO lf_local(zone, x) AS
  CASE WHEN lf_is_offset(zone) THEN timezone('UTC', x) + lf_offset(zone) ELSE timezone(CASE WHEN
       lf_is_offset(zone) THEN 'UTC' ELSE zone END, x) END;
CREATE OR REPLACE TEMP MACRO lf_instant(zone, x) AS
  CASE WHEN lf_is_offset(zone) THEN timezone('UTC', x - lf_offset(zone)) ELSE timezone(CASE WHEN
       lf_is_offset(zone) THEN 'UTC' ELSE zone END, x) END;

-- Texts of values
CREATE OR REPLACE TEMP MACRO lf_fraction(micros) AS
  CASE WHEN micros % 1000000 = 0 THEN '' WHEN micros % 1000 = 0 THEN printf('.%03d', (micros %
       1000000) // 1000)
       ELSE printf('.%06d', micros % 1000000) END;
CREATE OR REPLACE TEMP MACRO lf_float64_string(x) AS
  CASE WHEN isnan(x) THEN 'NaN'
       WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'inf' ELSE '-inf' END
       WHEN abs(x) >= 1e15 AND abs(x) < 1e17 AND printf('%.14e', x)::DOUBLE = x
         THEN regexp_replace(regexp_replace(printf('%.14e', x), '\.?0+e', 'e'), 'e\+?(\d)$',
       'e+0\1')
       ELSE regexp_replace(CAST(x AS VARCHAR), '\.0$', '') END;
CREATE OR REPLACE TEMP MACRO lf_numeric_string(x) AS rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.');
CREATE OR REPLACE TEMP MACRO lf_text(x) AS regexp_replace(CAST(x AS VARCHAR), '\.0*$', '');
CREATE OR REPLACE TEMP MACRO lf_date_string(x) AS printf('%04d-%02d-%02d', year(x), month(x),
       day(x));
CREATE OR REPLACE TEMP MACRO lf_time_micros(x) AS epoch_us(DATE '1970-01-01' + x);
CREATE OR REPLACE TEMP MACRO lf_time_string(x) AS
  printf('%02d:%02d:%02d', hour(x), minute(x), second(x)) || lf_fraction(microsecond(x));
CREATE OR REPLACE TEMP MACRO lf_datetime_string(x) AS
  lf_date_string(x) || ' ' || printf('%02d:%02d:%02d', hour(x), minute(x), second(x)) ||
       lf_fraction(microsecond(x));
CREATE OR REPLACE TEMP MACRO lf_zone_seconds(x, zone) AS (epoch_us(lf_local(zone, x)) -
       epoch_us(x)) // 1000000;
CREATE OR REPLACE TEMP MACRO lf_zone_offset(seconds) AS
  CASE WHEN seconds < 0 THEN '-' ELSE '+' END || printf('%02d', abs(seconds) // 3600) ||
  CASE WHEN abs(seconds) % 3600 = 0 THEN '' ELSE printf(':%02d', abs(seconds) % 3600 // 60) END;
CREATE OR REPLACE TEMP MACRO lf_zone_text(seconds, colon) AS
  CASE WHEN seconds < 0 THEN '-' ELSE '+' END || printf('%02d', abs(seconds) // 3600) || colon ||
       printf('%02d', abs(seconds) % 3600 // 60);
CREATE OR REPLACE TEMP MACRO lf_timestamp_string(x, zone) AS
  lf_datetime_string(lf_local(zone, x)) || lf_zone_offset(lf_zone_seconds(x, zone));

-- Numbers
CREATE OR REPLACE TEMP MACRO lf_floor_divide(a, b) AS CASE WHEN a % b < 0 THEN a // b - 1 ELSE a
       // b END;
CREATE OR REPLACE TEMP MACRO lf_div_toward_zero(a, b) AS a // b;
CREATE OR REPLACE TEMP MACRO lf_shift_left(a, b) AS
  CASE WHEN b < 0 THEN error('LF: Bitwise shift operators require a non-negative shift count')
       WHEN b >= 64 THEN 0::BIGINT
       WHEN b = 0 THEN a
       ELSE CAST(CASE WHEN ((a::HUGEINT & ((1::HUGEINT << (64 - b)) - 1)) << b) >=
       9223372036854775808::HUGEINT
                      THEN ((a::HUGEINT & ((1::HUGEINT << (64 - b)) - 1)) << b) -
       18446744073709551616::HUGEINT
                      ELSE ((a::HUGEINT & ((1::HUGEINT << (64 - b)) - 1)) << b) END AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO lf_shift_right(a, b) AS
  CASE WHEN b < 0 THEN error('LF: Bitwise shift operators require a non-negative shift count')
       WHEN b >= 64 THEN 0::BIGINT
       WHEN b = 0 THEN a
       ELSE CAST((CASE WHEN a < 0 THEN a::HUGEINT + 18446744073709551616::HUGEINT ELSE a::HUGEINT
       END) >> b AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO lf_to_pow(x, y) AS
  CASE WHEN x < 0 AND y <> trunc(y) AND NOT isinf(x) AND NOT isinf(y)
         THEN error('LF: Floating point error in function: POW(' || lf_float64_string(x) || ', '
       || lf_float64_string(y) || ')')
       WHEN isinf(power(x, y)) AND NOT isinf(x) AND NOT isinf(y)
         THEN error('LF: Floating point error in function: POW(' || lf_float64_string(x) || ', '
       || lf_float64_string(y) || ')')
       ELSE power(x, y) END;
CREATE OR REPLACE TEMP MACRO lf_to_exp(x) AS
  CASE WHEN isinf(exp(x)) AND NOT isinf(x) THEN error('LF: Floating point error in function: EXP('
       || lf_float64_string(x) || ')') ELSE exp(x) END;
-- NUMERIC: exact, rounded half away at nine decimals. The parts keep every product inside 38 digits.
CREATE OR REPLACE TEMP MACRO lf_whole(a) AS CAST(trunc(a) AS DECIMAL(29,0));
CREATE OR REPLACE TEMP MACRO lf_part(a) AS CAST(a - trunc(a) AS DECIMAL(9,9));
CREATE OR REPLACE TEMP MACRO lf_numeric_multiply(a, b) AS
  CAST(lf_whole(a) * b + lf_part(a) * lf_whole(b) + CAST(lf_part(a) * lf_part(b) AS DECIMAL(38,9))
       AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO lf_unscaled(a) AS CAST(replace(CAST(CAST(a AS DECIMAL(38,9)) AS
       VARCHAR), '.', '') AS HUGEINT);
CREATE OR REPLACE TEMP MACRO lf_quotient(n, d) AS
  (n // d) * 1000000000 + ((n % d) * 1000000000) // d
    + CASE WHEN 2 * abs(((n % d) * 1000000000) % d) >= abs(d) THEN CASE WHEN (n < 0) = (d < 0)
       THEN 1 ELSE -1 END ELSE 0 END;
CREATE OR REPLACE TEMP MACRO lf_scaled(n) AS
  CAST(CAST(n // 1000000000 AS DECIMAL(29,0)) + CAST(n % 1000000000 AS DECIMAL(9,0)) *
       CAST(0.000000001 AS DECIMAL(9,9)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO lf_to_numeric_divide(a, b) AS
  CASE WHEN abs(b) >= 100000000000000000000 THEN
       error('LF: NUMERIC division by values of 1e20 and more is not supported')
       ELSE lf_scaled(lf_quotient(lf_unscaled(a), lf_unscaled(b))) END;
CREATE OR REPLACE TEMP MACRO lf_numeric_round(a, n) AS
  CASE WHEN n >= 9 THEN a
       ELSE lf_scaled(((lf_unscaled(a) + CASE WHEN a < 0 THEN -1 ELSE 1 END * CAST(power(10, 9 -
       greatest(n, -29)) AS HUGEINT) // 2)
                       // CAST(power(10, 9 - greatest(n, -29)) AS HUGEINT)) * CAST(power(10, 9 -
       greatest(n, -29)) AS HUGEINT)) END;

CREATE OR REPLACE TEMP MACRO lf_numeric_average(total, n) AS CASE WHEN n = 0 THEN NULL ELSE
       lf_scaled(lf_quotient(lf_unscaled(total), n * 1000000000::HUGEINT)) END;

-- Casts
CREATE OR REPLACE TEMP MACRO lf_try_string_int64(s) AS
  CASE WHEN regexp_full_match(s, '\s*[+-]?(\d+|0[xX][0-9a-fA-F]+)\s*') 
       THEN CASE WHEN regexp_matches(s, '^\s*-0[xX]') THEN -TRY_CAST(substr(trim(s), 2) AS BIGINT)
       ELSE TRY_CAST(ltrim(trim(s), '+') AS BIGINT) END END;
CREATE OR REPLACE TEMP MACRO lf_to_string_int64(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_int64(s),
       error('LF: Bad int64 value: ' || s)) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_float64(s) AS
  CASE WHEN regexp_full_match(lower(trim(s)),
       '[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|inf|infinity|nan)')
       THEN TRY_CAST(trim(s) AS DOUBLE) END;
CREATE OR REPLACE TEMP MACRO lf_to_string_float64(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_float64(s),
       error('LF: Bad double value: ' || s)) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_numeric(s) AS
  CASE WHEN regexp_full_match(trim(s), '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') THEN
       TRY_CAST(trim(s) AS DECIMAL(38,9)) END;
CREATE OR REPLACE TEMP MACRO lf_to_string_numeric(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_numeric(s),
       error('LF: Invalid NUMERIC value: ' || s)) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_bool(s) AS CASE lower(trim(s)) WHEN 'true' THEN TRUE
       WHEN 'false' THEN FALSE END;
CREATE OR REPLACE TEMP MACRO lf_to_string_bool(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_bool(s), error('LF: Bad bool value: '
       || s)) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_date(s) AS
  CASE WHEN regexp_full_match(s, '\s*\d{1,4}-\d{1,2}-\d{1,2}\s*') THEN TRY_CAST(trim(s) AS DATE)
       END;
CREATE OR REPLACE TEMP MACRO lf_to_string_date(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_date(s), error('LF: Invalid date: '''
       || s || '''')) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_time(s) AS
  CASE WHEN regexp_full_match(s, '\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{0,6})?)?\s*') THEN
       TRY_CAST(trim(s) AS TIME) END;
CREATE OR REPLACE TEMP MACRO lf_to_string_time(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_time(s),
       error('LF: Invalid time string "' || s || '"')) END;
CREATE OR REPLACE TEMP MACRO lf_local_pattern() AS
       '\s*\d{1,4}-\d{1,2}-\d{1,2}(([Tt]|\s+)\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{0,6})?)?)?\s*';
CREATE OR REPLACE TEMP MACRO lf_try_string_datetime(s) AS
  CASE WHEN regexp_full_match(s, lf_local_pattern()) THEN TRY_CAST(replace(trim(s), 't', 'T') AS
       TIMESTAMP) END;
CREATE OR REPLACE TEMP MACRO lf_to_string_datetime(s) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_datetime(s),
       error('LF: Invalid datetime string "' || s || '"')) END;
CREATE OR REPLACE TEMP MACRO lf_try_string_timestamp(s, zone) AS
  CASE WHEN regexp_full_match(s, lf_local_pattern()) THEN lf_instant(zone,
       TRY_CAST(replace(trim(s), 't', 'T') AS TIMESTAMP))
       WHEN regexp_full_match(s, lf_local_pattern() ||
       '([Zz]|[Uu][Tt][Cc]|[+-]\d{1,2}(:\d{1,2})?|[A-Za-z_]+/[A-Za-z_/]+)\s*')
         THEN TRY_CAST(regexp_replace(replace(trim(s), 'z', 'Z'), '([+-])(\d)(:|$)', '\10\2\3') AS
       TIMESTAMPTZ) END;
CREATE OR REPLACE TEMP MACRO lf_to_string_timestamp(s, zone) AS
  CASE WHEN s IS NULL THEN NULL ELSE coalesce(lf_try_string_timestamp(s, zone),
       error('LF: Invalid timestamp: ''' || s || '''')) END;
CREATE OR REPLACE TEMP MACRO lf_try_float64_int64(x) AS TRY_CAST(CASE WHEN isfinite(x) THEN
       round(x) END AS BIGINT);
CREATE OR REPLACE TEMP MACRO lf_to_float64_int64(x) AS
  CASE WHEN x IS NULL THEN NULL
       WHEN NOT isfinite(x) THEN
       error('LF: Illegal conversion of non-finite floating point number to an integer: ' ||
       lf_float64_string(x))
       ELSE coalesce(lf_try_float64_int64(x), error('LF: int64 out of range: ' ||
       lf_float64_string(x))) END;
CREATE OR REPLACE TEMP MACRO lf_try_float64_numeric(x) AS TRY_CAST(CASE WHEN isfinite(x) THEN
       CAST(x AS VARCHAR) END AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO lf_to_float64_numeric(x) AS
  CASE WHEN x IS NULL THEN NULL ELSE coalesce(lf_try_float64_numeric(x),
       error('LF: Illegal conversion of floating point number to numeric: ' ||
       lf_float64_string(x))) END;
CREATE OR REPLACE TEMP MACRO lf_try_numeric_int64(x) AS TRY_CAST(x AS BIGINT);
CREATE OR REPLACE TEMP MACRO lf_to_numeric_int64(x) AS
  CASE WHEN x IS NULL THEN NULL ELSE coalesce(TRY_CAST(x AS BIGINT),
       error('LF: int64 out of range: ' || lf_numeric_string(x))) END;
CREATE OR REPLACE TEMP MACRO lf_try_bytes_string(x) AS TRY(decode(x));
CREATE OR REPLACE TEMP MACRO lf_to_bytes_string(x) AS
  CASE WHEN x IS NULL THEN NULL ELSE coalesce(TRY(decode(x)), error('LF: Invalid UTF-8 bytes')) END;

-- Strings
CREATE OR REPLACE TEMP MACRO lf_trim(s) AS regexp_replace(regexp_replace(s,
       '^[\s\v\x{85}\x{a0}\p{Z}]+', ''), '[\s\v\x{85}\x{a0}\p{Z}]+$', '');
CREATE OR REPLACE TEMP MACRO lf_ltrim(s) AS regexp_replace(s, '^[\s\v\x{85}\x{a0}\p{Z}]+', '');
CREATE OR REPLACE TEMP MACRO lf_rtrim(s) AS regexp_replace(s, '[\s\v\x{85}\x{a0}\p{Z}]+$', '');
CREATE OR REPLACE TEMP MACRO lf_start(s, p) AS CASE WHEN p > 0 THEN p WHEN p = 0 THEN 1 ELSE
       greatest(length(s) + p + 1, 1) END;
CREATE OR REPLACE TEMP MACRO lf_substr(s, p) AS array_slice(s, lf_start(s, p), length(s));
CREATE OR REPLACE TEMP MACRO lf_substr3(s, p, n) AS
  CASE WHEN n = 0 THEN '' ELSE array_slice(s, lf_start(s, p), least(lf_start(s, p), length(s)) +
       least(n, length(s)) - 1) END;

CREATE OR REPLACE TEMP MACRO lf_pad(s, n, at_left) AS
  CASE WHEN length(s) >= n THEN s WHEN at_left THEN rpad(s, CAST(n AS INTEGER), ' ') ELSE lpad(s,
       CAST(n AS INTEGER), ' ') END;

-- The key of a RANGE frame with offsets, in one double: NaN below -inf, and infinities that keep apart from it.
CREATE OR REPLACE TEMP MACRO lf_range_key(x) AS
  CASE WHEN isnan(x) THEN '-inf'::DOUBLE WHEN isinf(x) THEN CASE WHEN x > 0 THEN
       1.7976931348623157e308::DOUBLE ELSE -1.7976931348623157e308::DOUBLE END ELSE x END;

-- JSON
CREATE OR REPLACE TEMP MACRO lf_json_or_null(s) AS CASE WHEN json_valid(s) THEN json(s) END;
CREATE OR REPLACE TEMP MACRO lf_json_scalar(j) AS
  CASE WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string(j, '$')
       END;
CREATE OR REPLACE TEMP MACRO lf_json_elements(j) AS
  CAST(CASE WHEN json_type(j) = 'ARRAY' THEN CASE WHEN json_array_length(j) = 0 THEN CAST([] AS
       JSON[]) ELSE json_extract(j, '$[*]') END END AS JSON[]);
CREATE OR REPLACE TEMP MACRO lf_json_scalars(list) AS
  CASE WHEN len(list_filter(list, lambda e: json_type(e) IN ('OBJECT', 'ARRAY'))) > 0 THEN NULL
       ELSE list_transform(list, lambda e: CASE WHEN json_type(e) = 'NULL' THEN NULL ELSE
       json_extract_string(e, '$') END) END;
CREATE OR REPLACE TEMP MACRO lf_top_count(l, n) AS
  list_transform(list_slice(list_reverse_sort(list_concat(
      list_transform(map_entries(list_aggregate(list_filter(l, lambda e: e IS NOT NULL), 'histogram')),
                     lambda e: struct_pack(c := CAST(e.value AS BIGINT), v := e.key)),
      CASE WHEN len(l) > list_aggregate(l, 'count')
           THEN [struct_pack(c := len(l) - list_aggregate(l, 'count'), v := NULL)] ELSE [] END)), 1, n),
    lambda e: struct_pack("value" := e.v, "count" := e.c));
CREATE OR REPLACE TEMP MACRO lf_json_element(j, i) AS CASE WHEN i >= 0 THEN json_extract(j, '$['
       || CAST(i AS VARCHAR) || ']') END;
CREATE OR REPLACE TEMP MACRO lf_json_int64(x) AS
  CASE WHEN x IS NULL THEN 'null' WHEN x BETWEEN -9007199254740992 AND 9007199254740992 THEN
       CAST(x AS VARCHAR) ELSE '"' || CAST(x AS VARCHAR) || '"' END;
CREATE OR REPLACE TEMP MACRO lf_json_float64(x) AS
  CASE WHEN x IS NULL THEN 'null' WHEN isnan(x) THEN '"NaN"' WHEN isinf(x) THEN CASE WHEN x > 0
       THEN '"Infinity"' ELSE '"-Infinity"' END
       ELSE lf_float64_string(x) END;
CREATE OR REPLACE TEMP MACRO lf_json_numeric(x) AS
  CASE WHEN x IS NULL THEN 'null' WHEN x = trunc(x) AND abs(x) <= 9007199254740992 THEN
       lf_numeric_string(x) ELSE '"' || lf_numeric_string(x) || '"' END;
CREATE OR REPLACE TEMP MACRO lf_json_type(j) AS
  CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN
       'string' WHEN 'BOOLEAN' THEN 'boolean'
       WHEN 'NULL' THEN 'null' ELSE CASE WHEN j IS NULL THEN NULL ELSE 'number' END END;
CREATE OR REPLACE TEMP MACRO lf_json_is_number(j) AS json_type(j) IN ('BIGINT', 'UBIGINT',
       'DOUBLE', 'HUGEINT');
CREATE OR REPLACE TEMP MACRO lf_json_lax_bool(j) AS
  CASE lf_json_type(j) WHEN 'boolean' THEN CAST(j AS VARCHAR) = 'true' WHEN 'number' THEN
       CAST(CAST(j AS VARCHAR) AS DOUBLE) <> 0
       WHEN 'string' THEN CASE lower(json_extract_string(j, '$')) WHEN 'true' THEN TRUE WHEN
       'false' THEN FALSE END END;
CREATE OR REPLACE TEMP MACRO lf_json_lax_int64(j) AS
  CASE lf_json_type(j) WHEN 'boolean' THEN CASE WHEN CAST(j AS VARCHAR) = 'true' THEN 1::BIGINT
       ELSE 0::BIGINT END
       WHEN 'number' THEN coalesce(TRY_CAST(CAST(j AS VARCHAR) AS BIGINT),
       lf_try_float64_int64(TRY_CAST(CAST(j AS VARCHAR) AS DOUBLE)))
       WHEN 'string' THEN coalesce(lf_try_string_int64(json_extract_string(j, '$')),
       lf_try_float64_int64(lf_try_string_float64(json_extract_string(j, '$')))) END;
CREATE OR REPLACE TEMP MACRO lf_json_lax_float64(j) AS
  CASE lf_json_type(j) WHEN 'number' THEN TRY_CAST(CAST(j AS VARCHAR) AS DOUBLE) WHEN 'string'
       THEN lf_try_string_float64(json_extract_string(j, '$')) END;
CREATE OR REPLACE TEMP MACRO lf_json_lax_string(j) AS
  CASE lf_json_type(j) WHEN 'string' THEN json_extract_string(j, '$') WHEN 'boolean' THEN CAST(j
       AS VARCHAR)
       WHEN 'number' THEN CASE WHEN json_type(j) = 'DOUBLE' THEN lf_float64_string(CAST(CAST(j AS
       VARCHAR) AS DOUBLE)) ELSE CAST(j AS VARCHAR) END END;

-- Intervals
CREATE OR REPLACE TEMP MACRO lf_interval_months(i) AS year(i) * 12 + month(i);
CREATE OR REPLACE TEMP MACRO lf_interval_micros(i) AS hour(i) * 3600000000 + minute(i) * 60000000
       + microsecond(i);
CREATE OR REPLACE TEMP MACRO lf_interval_year(i) AS year(i);
CREATE OR REPLACE TEMP MACRO lf_interval_month(i) AS month(i);
CREATE OR REPLACE TEMP MACRO lf_interval_day(i) AS day(i);
CREATE OR REPLACE TEMP MACRO lf_interval_hour(i) AS hour(i);
CREATE OR REPLACE TEMP MACRO lf_interval_minute(i) AS minute(i);
CREATE OR REPLACE TEMP MACRO lf_interval_second(i) AS microsecond(i) // 1000000;
CREATE OR REPLACE TEMP MACRO lf_interval_millisecond(i) AS (microsecond(i) % 1000000) // 1000;
CREATE OR REPLACE TEMP MACRO lf_interval_microsecond(i) AS microsecond(i) % 1000000;
CREATE OR REPLACE TEMP MACRO lf_interval_multiply(i, n) AS
  to_months(CAST(lf_interval_months(i) * n AS INTEGER)) + to_days(CAST(day(i) * n AS INTEGER)) +
       to_microseconds(lf_interval_micros(i) * n);
CREATE OR REPLACE TEMP MACRO lf_interval_string(i) AS
  CASE WHEN lf_interval_months(i) < 0 THEN '-' ELSE '' END || abs(lf_interval_months(i)) // 12 ||
       '-' || abs(lf_interval_months(i)) % 12 || ' ' ||
  day(i) || ' ' || CASE WHEN lf_interval_micros(i) < 0 THEN '-' ELSE '' END ||
       abs(lf_interval_micros(i)) // 3600000000 || ':' ||
  abs(lf_interval_micros(i)) % 3600000000 // 60000000 || ':' || abs(lf_interval_micros(i)) %
       60000000 // 1000000 || lf_fraction(abs(lf_interval_micros(i)));

-- Bytes, through their hexadecimal text
CREATE OR REPLACE TEMP MACRO lf_byte_start(x, p) AS CASE WHEN p > 0 THEN p WHEN p = 0 THEN 1 ELSE
       greatest(octet_length(x) + p + 1, 1) END;
CREATE OR REPLACE TEMP MACRO lf_byte_substr(x, p, n) AS
  CASE WHEN n = 0 OR lf_byte_start(x, p) > octet_length(x) THEN CAST('' AS BLOB)
       ELSE unhex(substr(hex(x), 2 * lf_byte_start(x, p) - 1, 2 * least(n, octet_length(x)))) END;

-- Dates and times stay between the years 1 and 9999
CREATE OR REPLACE TEMP MACRO lf_to_date_in_range(x) AS
  CASE WHEN year(x) < 1 OR year(x) > 9999 THEN error('LF: Date is out of range') ELSE x END;
CREATE OR REPLACE TEMP MACRO lf_to_datetime_in_range(x) AS
  CASE WHEN year(x) < 1 OR year(x) > 9999 THEN error('LF: Datetime is out of range') ELSE x END;
CREATE OR REPLACE TEMP MACRO lf_to_timestamp_in_range(x) AS
  CASE WHEN year(x) < 1 OR year(x) > 9999 THEN error('LF: Timestamp is out of range') ELSE x END;
CREATE OR REPLACE TEMP MACRO lf_try_date_in_range(x) AS CASE WHEN year(x) BETWEEN 1 AND 9999 THEN
       x END;
CREATE OR REPLACE TEMP MACRO lf_try_datetime_in_range(x) AS CASE WHEN year(x) BETWEEN 1 AND 9999
       THEN x END;
CREATE OR REPLACE TEMP MACRO lf_try_timestamp_in_range(x) AS CASE WHEN year(x) BETWEEN 1 AND 9999
       THEN x END;
CREATE OR REPLACE TEMP MACRO lf_try_pow(x, y) AS
  CASE WHEN isfinite(power(x, y)) OR NOT isfinite(x) OR NOT isfinite(y) THEN power(x, y) END;
CREATE OR REPLACE TEMP MACRO lf_try_exp(x) AS CASE WHEN isfinite(exp(x)) OR NOT isfinite(x) THEN
       exp(x) END;
CREATE OR REPLACE TEMP MACRO lf_try_numeric_divide(a, b) AS lf_scaled(lf_quotient(lf_unscaled(a),
       lf_unscaled(b)));
COMMIT;
)sql";
  return kSql;
}

}  // namespace landfall::googlesql
