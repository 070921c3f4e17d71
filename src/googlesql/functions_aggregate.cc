// Aggregate and window functions.
#include "googlesql/functions.h"

namespace landfall::googlesql {
namespace {

constexpr bool kNullsOption = true, kWindowOnly = true;

constexpr AggregateRow kRows[] = {
    {"COUNT", "-> INT64", "count(*)"},
    {"COUNT", "T -> INT64", "count($1)"},
    {"COUNTIF", "BOOL -> INT64", "count(CASE WHEN $1 THEN 1 END)"},
    {"SUM", "INT64 -> INT64", "sum($1)", "CAST($0 AS BIGINT)"},
    {"SUM", "FLOAT64 -> FLOAT64", "sum($1)"},
    {"SUM", "NUMERIC -> NUMERIC", "sum($1)", "CAST($0 AS DECIMAL(38,9))"},
    {"AVG", "INT64 -> FLOAT64", "avg($1)"},
    {"AVG", "FLOAT64 -> FLOAT64", "avg($1)"},
    {"AVG", "NUMERIC -> NUMERIC", "sum($1); count($1)", "lf_numeric_average($0, $~)"},
    {"MIN", "FLOAT64 -> FLOAT64", "min($1); bool_or(isnan($1))",
     "CASE WHEN $~ THEN 'nan'::DOUBLE ELSE $0 END"},
    {"MIN", "T -> T", "min($1)"},
    {"MAX", "T -> T", "max($1)"},
    {"ANY_VALUE", "T -> T", "any_value($1)"},
    {"ARRAY_AGG", "T -> ARRAY<T>", "list($1)", "$0", kNullsOption},
    {"ARRAY_CONCAT_AGG", "ARRAY<T> -> ARRAY<T>", "list($1)", "flatten($0)"},
    {"STRING_AGG", "STRING -> STRING", "list($1)", "array_to_string($0, ',')"},
    {"STRING_AGG", "STRING, STRING -> STRING", "list($1)", "array_to_string($0, $2)"},
    {"LOGICAL_AND", "BOOL -> BOOL", "bool_and($1)"},
    {"LOGICAL_OR", "BOOL -> BOOL", "bool_or($1)"},
    {"BIT_AND", "INT64 -> INT64", "bit_and($1)"},
    {"BIT_OR", "INT64 -> INT64", "bit_or($1)"},
    {"BIT_XOR", "INT64 -> INT64", "bit_xor($1)"},
    {"MIN_BY", "T, U -> T", "arg_min($1, $2)"},
    {"MAX_BY", "T, U -> T", "arg_max($1, $2)"},
    {"STDDEV", "FLOAT64 -> FLOAT64",
     "stddev_samp(CASE WHEN isfinite($1) THEN $1 END); max(CASE WHEN isfinite($1) THEN 0 WHEN $1 "
     "IS NOT NULL THEN 1 END); count($1)",
     "CASE WHEN $~ = 1 AND $^ > 1 THEN 'nan'::DOUBLE ELSE $0 END"},
    {"STDDEV_SAMP", "FLOAT64 -> FLOAT64",
     "stddev_samp(CASE WHEN isfinite($1) THEN $1 END); max(CASE WHEN isfinite($1) THEN 0 WHEN $1 "
     "IS NOT NULL THEN 1 END); count($1)",
     "CASE WHEN $~ = 1 AND $^ > 1 THEN 'nan'::DOUBLE ELSE $0 END"},
    {"STDDEV_POP", "FLOAT64 -> FLOAT64",
     "stddev_pop(CASE WHEN isfinite($1) THEN $1 END); bool_or(NOT isfinite($1))",
     "CASE WHEN $~ THEN 'nan'::DOUBLE ELSE $0 END"},
    {"VARIANCE", "FLOAT64 -> FLOAT64",
     "var_samp(CASE WHEN isfinite($1) THEN $1 END); max(CASE WHEN isfinite($1) THEN 0 WHEN $1 IS "
     "NOT NULL THEN 1 END); count($1)",
     "CASE WHEN $~ = 1 AND $^ > 1 THEN 'nan'::DOUBLE ELSE $0 END"},
    {"VAR_SAMP", "FLOAT64 -> FLOAT64",
     "var_samp(CASE WHEN isfinite($1) THEN $1 END); max(CASE WHEN isfinite($1) THEN 0 WHEN $1 IS "
     "NOT NULL THEN 1 END); count($1)",
     "CASE WHEN $~ = 1 AND $^ > 1 THEN 'nan'::DOUBLE ELSE $0 END"},
    {"VAR_POP", "FLOAT64 -> FLOAT64",
     "var_pop(CASE WHEN isfinite($1) THEN $1 END); bool_or(NOT isfinite($1))",
     "CASE WHEN $~ THEN 'nan'::DOUBLE ELSE $0 END"},
    {"CORR", "FLOAT64, FLOAT64 -> FLOAT64", "corr($1, $2)"},
    {"COVAR_POP", "FLOAT64, FLOAT64 -> FLOAT64", "covar_pop($1, $2)"},
    {"COVAR_SAMP", "FLOAT64, FLOAT64 -> FLOAT64", "covar_samp($1, $2)"},
    {"PERCENTILE_CONT", "FLOAT64, FLOAT64 -> FLOAT64", "quantile_cont($1, $2); bool_or(isnan($1))",
     "CASE WHEN $~ THEN error('LF: PERCENTILE_CONT over NaN is not supported') ELSE $0 END",
     kNullsOption},
    {"PERCENTILE_CONT", "INT64, FLOAT64 -> FLOAT64", "quantile_cont(CAST($1 AS DOUBLE), $2)", "$0",
     kNullsOption},
    {"PERCENTILE_CONT", "NUMERIC, NUMERIC -> NUMERIC", "quantile_cont($1, CAST($2 AS DOUBLE))",
     "CAST($0 AS DECIMAL(38,9))", kNullsOption},
    {"PERCENTILE_DISC", "T, FLOAT64 -> T", "quantile_disc($1, $2)", "$0", kNullsOption},
    {"APPROX_TOP_COUNT", "T, INT64 -> ARRAY<T>", "list($1)", "lf_top_count($0, $2)"},
    {"APPROX_QUANTILES", "T, INT64 -> ARRAY<T>", "quantile_disc($1, $2)", "$0", kNullsOption},
    {"APPROX_COUNT_DISTINCT", "T -> INT64", "count(DISTINCT $1)"},

    {"ROW_NUMBER", "-> INT64", "row_number()", "$0", false, kWindowOnly},
    {"RANK", "-> INT64", "rank()", "$0", false, kWindowOnly},
    {"DENSE_RANK", "-> INT64", "dense_rank()", "$0", false, kWindowOnly},
    {"PERCENT_RANK", "-> FLOAT64", "percent_rank()", "$0", false, kWindowOnly},
    {"CUME_DIST", "-> FLOAT64", "cume_dist()", "$0", false, kWindowOnly},
    {"NTILE", "INT64 -> INT64", "ntile($1)", "$0", false, kWindowOnly},
    {"LEAD", "T -> T", "lead($1)", "$0", false, kWindowOnly},
    {"LEAD", "T, INT64 -> T", "lead($1, $2)", "$0", false, kWindowOnly},
    {"LEAD", "T, INT64, T -> T", "lead($1, $2, $3)", "$0", false, kWindowOnly},
    {"LAG", "T -> T", "lag($1)", "$0", false, kWindowOnly},
    {"LAG", "T, INT64 -> T", "lag($1, $2)", "$0", false, kWindowOnly},
    {"LAG", "T, INT64, T -> T", "lag($1, $2, $3)", "$0", false, kWindowOnly},
    {"FIRST_VALUE", "T -> T", "first_value($1)", "$0", kNullsOption, kWindowOnly},
    {"LAST_VALUE", "T -> T", "last_value($1)", "$0", kNullsOption, kWindowOnly},
    {"NTH_VALUE", "T, INT64 -> T", "nth_value($1, $2)", "$0", kNullsOption, kWindowOnly},
};

}  // namespace

std::span<const AggregateRow> AggregateRows() { return kRows; }

}  // namespace landfall::googlesql
