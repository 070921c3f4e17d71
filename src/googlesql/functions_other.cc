// Arrays, and the names of BigQuery functions that are not built.
#include <algorithm>
#include <array>

#include "googlesql/functions.h"

namespace landfall::googlesql {
namespace {

constexpr ScalarRow kRows[] = {
    {"ARRAY_LENGTH", "ARRAY<T> -> INT64", "len($1)"},
    {"ARRAY_REVERSE", "ARRAY<T> -> ARRAY<T>", "list_reverse($1)"},
    {"ARRAY_FIRST", "ARRAY<T> -> T", "{len($1) = 0 ?? 'ARRAY_FIRST cannot get the first element of an empty array' !! list_extract($1, 1)}"},
    {"ARRAY_LAST", "ARRAY<T> -> T", "{len($1) = 0 ?? 'ARRAY_LAST cannot get the last element of an empty array' !! list_extract($1, -1)}"},
    {"ARRAY_IS_DISTINCT", "ARRAY<T> -> BOOL", "(len($1) = len(list_distinct($1)) + CASE WHEN len(list_filter($1, lambda e: e IS NULL)) > 0 THEN 1 ELSE 0 END)"},
};

// Known by name only, so that they are refused as missing instead of as misspelt.
constexpr std::string_view kKnown[] = {
    "AEAD.DECRYPT_BYTES", "AEAD.DECRYPT_STRING", "AEAD.ENCRYPT", "APPENDS", "APPROX_QUANTILES", "APPROX_TOP_COUNT",
    "APPROX_TOP_SUM", "ARRAY_SLICE", "BAG_OF_WORDS", "BOOL", "BYTES", "CHANGES", "CODE_POINTS_TO_BYTES", "COLLATE",
    "CONTAINS_SUBSTR", "COSINE_DISTANCE", "COTH", "CSC", "CSCH", "DATETIME_BUCKET", "DATE_BUCKET", "DLP_DETERMINISTIC_ENCRYPT",
    "ERROR", "EUCLIDEAN_DISTANCE", "EXTERNAL_QUERY", "FARM_FINGERPRINT", "FLOAT64", "FORMAT", "FROM_BASE32",
    "GAP_FILL", "GENERATE_RANGE_ARRAY", "HLL_COUNT.EXTRACT", "HLL_COUNT.INIT", "HLL_COUNT.MERGE",
    "HLL_COUNT.MERGE_PARTIAL", "INITCAP", "INT64", "JSON_ARRAY", "JSON_ARRAY_APPEND", "JSON_ARRAY_INSERT",
    "JSON_EXTRACT", "JSON_EXTRACT_ARRAY", "JSON_EXTRACT_SCALAR", "JSON_EXTRACT_STRING_ARRAY", "JSON_FLATTEN",
    "JSON_KEYS", "JSON_OBJECT", "JSON_QUERY", "JSON_QUERY_ARRAY", "JSON_REMOVE", "JSON_SET", "JSON_STRIP_NULLS",
    "JSON_TYPE", "JSON_VALUE", "JSON_VALUE_ARRAY", "JUSTIFY_DAYS", "JUSTIFY_HOURS", "JUSTIFY_INTERVAL",
    "KEYS.NEW_KEYSET", "LAX_BOOL", "LAX_FLOAT64", "LAX_INT64", "LAX_STRING", "MAKE_INTERVAL", "NET.HOST",
    "NET.IPV4_FROM_INT64", "NET.IPV4_TO_INT64", "NET.IP_FROM_STRING", "NET.IP_NET_MASK", "NET.IP_TO_STRING",
    "NET.IP_TRUNC", "NET.PUBLIC_SUFFIX", "NET.REG_DOMAIN", "NET.SAFE_IP_FROM_STRING", "NORMALIZE",
    "NORMALIZE_AND_CASEFOLD", "PARSE_BIGNUMERIC", "PARSE_DATE", "PARSE_DATETIME", "PARSE_JSON", "PARSE_NUMERIC",
    "PARSE_TIME", "PARSE_TIMESTAMP", "PERCENTILE_CONT", "PERCENTILE_DISC", "RANGE", "RANGE_CONTAINS", "RANGE_END",
    "RANGE_INTERSECT", "RANGE_OVERLAPS", "RANGE_SESSIONIZE", "RANGE_START", "REGEXP_EXTRACT", "REGEXP_EXTRACT_ALL",
    "REGEXP_INSTR", "REGEXP_SUBSTR", "SEARCH", "SEC", "SECH", "SHA512", "SOUNDEX", "TEXT_ANALYZE", "TF_IDF",
    "TIMESTAMP_BUCKET", "TIMESTAMP_FROM_UNIX_MICROS", "TIMESTAMP_FROM_UNIX_MILLIS", "TIMESTAMP_FROM_UNIX_SECONDS",
    "TO_BASE32", "TO_JSON", "TO_JSON_STRING", "VECTOR_SEARCH"};

}  // namespace

std::span<const ScalarRow> OtherRows() { return kRows; }

bool IsKnownFunction(std::string_view name) {
  return name.starts_with("ST_") || name.starts_with("ML.") || name.starts_with("AI.") || name.starts_with("KLL_QUANTILES.") ||
         name.starts_with("OBJ.") || name.starts_with("S2_") || std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

}  // namespace landfall::googlesql
