// Text and bytes.
#include "googlesql/functions.h"

namespace landfall::googlesql {
namespace {

constexpr ScalarRow kRows[] = {
    {"LENGTH", "STRING -> INT64", "length($1)"},
    {"LENGTH", "BYTES -> INT64", "octet_length($1)"},
    {"CHAR_LENGTH", "STRING -> INT64", "length($1)"},
    {"CHARACTER_LENGTH", "STRING -> INT64", "length($1)"},
    {"BYTE_LENGTH", "STRING -> INT64", "strlen($1)"},
    {"BYTE_LENGTH", "BYTES -> INT64", "octet_length($1)"},
    {"OCTET_LENGTH", "STRING -> INT64", "strlen($1)"},
    {"OCTET_LENGTH", "BYTES -> INT64", "octet_length($1)"},
    {"LOWER", "STRING -> STRING", "lower($1)"},
    {"UPPER", "STRING -> STRING", "upper($1)"},
    {"TRIM", "STRING -> STRING", "lf_trim($1)"},
    {"LTRIM", "STRING -> STRING", "lf_ltrim($1)"},
    {"RTRIM", "STRING -> STRING", "lf_rtrim($1)"},
    {"TRIM", "STRING, STRING -> STRING", "trim($1, $2)"},
    {"LTRIM", "STRING, STRING -> STRING", "ltrim($1, $2)"},
    {"RTRIM", "STRING, STRING -> STRING", "rtrim($1, $2)"},
    {"SUBSTR", "STRING, INT64 -> STRING", "lf_substr($1, $2)"},
    {"SUBSTR", "STRING, INT64, INT64 -> STRING",
     "{$3 < 0 ?? 'Third argument in SUBSTR() cannot be negative' !! lf_substr3($1, $2, $3)}"},
    {"SUBSTRING", "STRING, INT64 -> STRING", "lf_substr($1, $2)"},
    {"SUBSTRING", "STRING, INT64, INT64 -> STRING",
     "{$3 < 0 ?? 'Third argument in SUBSTR() cannot be negative' !! lf_substr3($1, $2, $3)}"},
    {"LEFT", "STRING, INT64 -> STRING",
     "{$2 < 0 ?? 'Second argument in LEFT() cannot be negative' !! left($1, $2)}"},
    {"RIGHT", "STRING, INT64 -> STRING",
     "{$2 < 0 ?? 'Second argument in RIGHT() cannot be negative' !! right($1, $2)}"},
    {"REPLACE", "STRING, STRING, STRING -> STRING",
     "CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END"},
    {"REVERSE", "STRING -> STRING", "reverse($1)"},
    {"REPEAT", "STRING, INT64 -> STRING",
     "{$2 < 0 ?? 'Second argument in REPEAT() cannot be negative' !! repeat($1, $2)}"},
    {"STARTS_WITH", "STRING, STRING -> BOOL", "starts_with($1, $2)"},
    {"ENDS_WITH", "STRING, STRING -> BOOL", "ends_with($1, $2)"},
    {"STRPOS", "STRING, STRING -> INT64", "strpos($1, $2)"},
    {"INSTR", "STRING, STRING -> INT64", "strpos($1, $2)"},
    {"LPAD", "STRING, INT64 -> STRING",
     "{$2 < 0 ?? 'Second argument (output size) for LPAD/RPAD cannot be negative' !! lpad($1, "
     "CAST($2 AS INTEGER), ' ')}"},
    {"RPAD", "STRING, INT64 -> STRING",
     "{$2 < 0 ?? 'Second argument (output size) for LPAD/RPAD cannot be negative' !! rpad($1, "
     "CAST($2 AS INTEGER), ' ')}"},
    {"LPAD", "STRING, INT64, STRING -> STRING",
     "{$2 < 0 ?? 'Second argument (output size) for LPAD/RPAD cannot be negative' !! {$3 = '' ?? "
     "'Third argument (pad pattern) for LPAD/RPAD cannot be empty' !! lpad($1, CAST($2 AS "
     "INTEGER), $3)}}"},
    {"RPAD", "STRING, INT64, STRING -> STRING",
     "{$2 < 0 ?? 'Second argument (output size) for LPAD/RPAD cannot be negative' !! {$3 = '' ?? "
     "'Third argument (pad pattern) for LPAD/RPAD cannot be empty' !! rpad($1, CAST($2 AS "
     "INTEGER), $3)}}"},
    {"SPLIT", "STRING -> ARRAY<STRING>",
     "CASE WHEN $1 = '' THEN [''] ELSE string_split($1, ',') END"},
    {"SPLIT", "STRING, STRING -> ARRAY<STRING>",
     "CASE WHEN $2 IS NULL THEN NULL WHEN $1 = '' THEN [''] ELSE string_split($1, $2) END"},
    {"ASCII", "STRING -> INT64",
     "{ascii($1) > 127 ?? 'Non-ASCII character in ASCII()' !! CASE WHEN $1 = '' THEN 0 ELSE "
     "CAST(ascii($1) AS BIGINT) END}"},
    {"UNICODE", "STRING -> INT64", "CASE WHEN $1 = '' THEN 0 ELSE CAST(unicode($1) AS BIGINT) END"},
    {"CHR", "INT64 -> STRING",
     "{$1 < 0 OR $1 > 1114111 OR ($1 >= 55296 AND $1 < 57344) ?? 'Invalid codepoint ' || $1 !! "
     "chr(CAST($1 AS INTEGER))}"},
    {"TRANSLATE", "STRING, STRING, STRING -> STRING", "translate($1, $2, $3)"},
    {"EDIT_DISTANCE", "STRING, STRING -> INT64", "levenshtein($1, $2)"},
    {"REGEXP_CONTAINS", "STRING, STRING -> BOOL", "regexp_matches($1, $2)"},
    {"REGEXP_REPLACE", "STRING, STRING, STRING -> STRING", "regexp_replace($1, $2, $3, 'g')"},
    {"TO_HEX", "BYTES -> STRING", "lower(hex($1))"},
    {"FROM_HEX", "STRING -> BYTES",
     "unhex(CASE WHEN length($1) % 2 = 1 THEN '0' || $1 ELSE $1 END)"},
    {"TO_BASE64", "BYTES -> STRING", "to_base64($1)"},
    {"FROM_BASE64", "STRING -> BYTES", "from_base64($1)"},
    {"SAFE_CONVERT_BYTES_TO_STRING", "BYTES -> STRING",
     "CASE WHEN $1 IS NULL THEN NULL ELSE coalesce(TRY(decode($1)), error('LF: "
     "SAFE_CONVERT_BYTES_TO_STRING of invalid UTF-8 is not supported')) END"},
    {"GENERATE_UUID", "-> STRING", "CAST(uuid() AS VARCHAR)"},
    {"TO_CODE_POINTS", "STRING -> ARRAY<INT64>",
     "list_transform(string_split($1, ''), lambda c: CAST(unicode(c) AS BIGINT))"},
    {"CODE_POINTS_TO_STRING", "ARRAY<INT64> -> STRING",
     "CASE WHEN len(list_filter($1, lambda c: c IS NULL)) > 0 THEN NULL ELSE "
     "array_to_string(list_transform($1, lambda c: chr(CAST(c AS INTEGER))), '') END"},
    {"SUBSTR", "BYTES, INT64 -> BYTES", "lf_byte_substr($1, $2, octet_length($1))"},
    {"SUBSTR", "BYTES, INT64, INT64 -> BYTES",
     "{$3 < 0 ?? 'Third argument in SUBSTR() cannot be negative' !! lf_byte_substr($1, $2, $3)}"},
    {"SUBSTRING", "BYTES, INT64 -> BYTES", "lf_byte_substr($1, $2, octet_length($1))"},
    {"SUBSTRING", "BYTES, INT64, INT64 -> BYTES",
     "{$3 < 0 ?? 'Third argument in SUBSTR() cannot be negative' !! lf_byte_substr($1, $2, $3)}"},
    {"LEFT", "BYTES, INT64 -> BYTES",
     "{$2 < 0 ?? 'Second argument in LEFT() cannot be negative' !! lf_byte_substr($1, 1, $2)}"},
    {"RIGHT", "BYTES, INT64 -> BYTES",
     "{$2 < 0 ?? 'Second argument in RIGHT() cannot be negative' !! lf_byte_substr($1, CASE WHEN "
     "$2 >= octet_length($1) THEN 1 ELSE octet_length($1) - $2 + 1 END, $2)}"},
    {"STARTS_WITH", "BYTES, BYTES -> BOOL", "starts_with(hex($1), hex($2))"},
    {"ENDS_WITH", "BYTES, BYTES -> BOOL", "ends_with(hex($1), hex($2))"},
    {"TO_CODE_POINTS", "BYTES -> ARRAY<INT64>",
     "list_transform(range(octet_length($1)), lambda i: CAST('0x' || substr(hex($1), 2 * i + 1, 2) "
     "AS BIGINT))"},
    {"INSTR", "STRING, STRING, INT64 -> INT64",
     "{$3 = 0 ?? 'Third argument of INSTR must not be 0' !! {$3 < 0 ?? 'INSTR with a negative "
     "position is not supported' !! CASE WHEN strpos(substr($1, $3), $2) = 0 THEN 0 ELSE "
     "strpos(substr($1, $3), $2) + $3 - 1 END}}"},
    {"ARRAY_TO_STRING", "ARRAY<STRING>, STRING -> STRING", "array_to_string($1, $2)"},
    {"ARRAY_TO_STRING", "ARRAY<STRING>, STRING, STRING -> STRING",
     "array_to_string(list_transform($1, lambda s: coalesce(s, $3)), $2)"},
};

}  // namespace

std::span<const ScalarRow> StringRows() { return kRows; }

}  // namespace landfall::googlesql
