// Arrays, and the names of BigQuery functions that are not built.
#include <algorithm>
#include <array>

#include "googlesql/functions.h"

namespace landfall::googlesql {
namespace {

constexpr ScalarRow kRows[] = {
    {"MAKE_INTERVAL", "INT64, INT64, INT64, INT64, INT64, INT64 -> INTERVAL",
     "(to_months(CAST($1 * 12 + $2 AS INTEGER)) + to_days(CAST($3 AS INTEGER)) + "
     "to_microseconds(($4 * 3600 + $5 * 60 + $6) * 1000000))"},
    {"ARRAY_LENGTH", "ARRAY<T> -> INT64", "len($1)"},
    {"ARRAY_REVERSE", "ARRAY<T> -> ARRAY<T>", "list_reverse($1)"},
    {"ARRAY_FIRST", "ARRAY<T> -> T",
     "{len($1) = 0 ?? 'ARRAY_FIRST cannot get the first element of an empty array' !! "
     "list_extract($1, 1)}"},
    {"ARRAY_LAST", "ARRAY<T> -> T",
     "{len($1) = 0 ?? 'ARRAY_LAST cannot get the last element of an empty array' !! "
     "list_extract($1, -1)}"},
    {"MAKE_INTERVAL", "INT64, INT64, INT64 -> INTERVAL",
     "(to_months(CAST($1 * 12 + $2 AS INTEGER)) + to_days(CAST($3 AS INTEGER)))"},
    {"JSON_TYPE", "JSON -> STRING", "lf_json_type($1)"},
    {"BOOL", "JSON -> BOOL",
     "{json_type($1) <> 'BOOLEAN' ?? 'The provided JSON input is not a boolean' !! CAST(CAST($1 AS "
     "VARCHAR) = 'true' AS BOOLEAN)}"},
    {"STRING", "JSON -> STRING",
     "{json_type($1) <> 'VARCHAR' ?? 'The provided JSON input is not a string' !! "
     "json_extract_string($1, '$')}"},
    {"INT64", "JSON -> INT64",
     "{NOT lf_json_is_number($1) ?? 'The provided JSON input is not an integer' !! "
     "{TRY_CAST(CAST($1 AS VARCHAR) AS DECIMAL(38,9)) IS NULL OR CAST(CAST($1 AS VARCHAR) AS "
     "DECIMAL(38,9)) % 1 <> 0 ?? 'The provided JSON number: ' || CAST($1 AS VARCHAR) || ' cannot "
     "be converted to an integer' !! CAST(CAST(CAST($1 AS VARCHAR) AS DECIMAL(38,9)) AS BIGINT)}}"},
    {"FLOAT64", "JSON -> FLOAT64",
     "{NOT lf_json_is_number($1) ?? 'The provided JSON input is not a number' !! CAST(CAST($1 AS "
     "VARCHAR) AS DOUBLE)}"},
    {"LAX_BOOL", "JSON -> BOOL", "lf_json_lax_bool($1)"},
    {"LAX_INT64", "JSON -> INT64", "lf_json_lax_int64($1)"},
    {"LAX_FLOAT64", "JSON -> FLOAT64", "lf_json_lax_float64($1)"},
    {"LAX_STRING", "JSON -> STRING", "lf_json_lax_string($1)"},
    {"PARSE_NUMERIC", "STRING -> NUMERIC", "lf_to_string_numeric(replace($1, ',', ''))"},
    {"ARRAY_IS_DISTINCT", "ARRAY<T> -> BOOL",
     "(len($1) = len(list_distinct($1)) + CASE WHEN len(list_filter($1, lambda e: e IS NULL)) > 0 "
     "THEN 1 ELSE 0 END)"},
};

// Known by name only, so that they are refused as missing instead of as misspelt.
constexpr std::string_view kKnown[] = {"AEAD.DECRYPT_BYTES",
                                       "AEAD.DECRYPT_STRING",
                                       "AEAD.ENCRYPT",
                                       "APPENDS",
                                       "APPROX_TOP_SUM",
                                       "ARRAY_SLICE",
                                       "BAG_OF_WORDS",
                                       "BYTES",
                                       "CHANGES",
                                       "CODE_POINTS_TO_BYTES",
                                       "COLLATE",
                                       "CONTAINS_SUBSTR",
                                       "COSINE_DISTANCE",
                                       "COTH",
                                       "CSC",
                                       "CSCH",
                                       "DATETIME_BUCKET",
                                       "DATE_BUCKET",
                                       "DLP_DETERMINISTIC_ENCRYPT",
                                       "EUCLIDEAN_DISTANCE",
                                       "EXTERNAL_QUERY",
                                       "FARM_FINGERPRINT",
                                       "FROM_BASE32",
                                       "GAP_FILL",
                                       "GENERATE_RANGE_ARRAY",
                                       "HLL_COUNT.EXTRACT",
                                       "HLL_COUNT.INIT",
                                       "HLL_COUNT.MERGE",
                                       "HLL_COUNT.MERGE_PARTIAL",
                                       "JSON_ARRAY_APPEND",
                                       "JSON_ARRAY_INSERT",
                                       "JSON_FLATTEN",
                                       "JSON_KEYS",
                                       "JSON_REMOVE",
                                       "JSON_SET",
                                       "JSON_STRIP_NULLS",
                                       "JUSTIFY_DAYS",
                                       "JUSTIFY_HOURS",
                                       "JUSTIFY_INTERVAL",
                                       "IFERROR",
                                       "INITCAP",
                                       "ISERROR",
                                       "ARRAY_FILTER",
                                       "ARRAY_TRANSFORM",
                                       "ARRAY_INCLUDES",
                                       "KEYS.NEW_KEYSET",
                                       "NET.HOST",
                                       "NET.IPV4_FROM_INT64",
                                       "NET.IPV4_TO_INT64",
                                       "NET.IP_FROM_STRING",
                                       "NET.IP_NET_MASK",
                                       "NET.IP_TO_STRING",
                                       "NET.IP_TRUNC",
                                       "NET.PUBLIC_SUFFIX",
                                       "NET.REG_DOMAIN",
                                       "NET.SAFE_IP_FROM_STRING",
                                       "NORMALIZE",
                                       "NORMALIZE_AND_CASEFOLD",
                                       "PARSE_BIGNUMERIC",
                                       "RANGE",
                                       "RANGE_CONTAINS",
                                       "RANGE_END",
                                       "RANGE_INTERSECT",
                                       "RANGE_OVERLAPS",
                                       "RANGE_SESSIONIZE",
                                       "RANGE_START",
                                       "REGEXP_INSTR",
                                       "SEARCH",
                                       "SEC",
                                       "SECH",
                                       "SHA512",
                                       "SOUNDEX",
                                       "TEXT_ANALYZE",
                                       "TF_IDF",
                                       "TIMESTAMP_BUCKET",
                                       "TIMESTAMP_FROM_UNIX_MICROS",
                                       "TIMESTAMP_FROM_UNIX_MILLIS",
                                       "TIMESTAMP_FROM_UNIX_SECONDS",
                                       "TO_BASE32",
                                       "VECTOR_SEARCH"};

}  // namespace

std::span<const ScalarRow> OtherRows() { return kRows; }

bool IsKnownFunction(std::string_view name) {
  return name.starts_with("ST_") || name.starts_with("ML.") || name.starts_with("AI.") ||
         name.starts_with("KLL_QUANTILES.") || name.starts_with("OBJ.") ||
         name.starts_with("S2_") || name.starts_with("KEYS.") || name.starts_with("NET.") ||
         name.starts_with("AEAD.") ||
         std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

}  // namespace landfall::googlesql
