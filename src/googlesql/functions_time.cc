// Constructors and conversions of dates and times. What takes a date part is in special_dates.cc.
#include "googlesql/functions.h"

namespace landfall::googlesql {
namespace {

constexpr ScalarRow kRows[] = {
    {"DATE", "INT64, INT64, INT64 -> DATE", "make_date($1, $2, $3)"},
    {"DATE", "DATE -> DATE", "$1"},
    {"DATE", "DATETIME -> DATE", "CAST($1 AS DATE)"},
    {"DATE", "TIMESTAMP -> DATE", "CAST(timezone($Z, $1) AS DATE)"},
    {"DATE", "STRING -> DATE", "lf_to_string_date($1)"},
    {"DATE", "TIMESTAMP, STRING -> DATE", "CAST(lf_local($2, $1) AS DATE)"},
    {"DATETIME", "INT64, INT64, INT64, INT64, INT64, INT64 -> DATETIME",
     "make_timestamp($1, $2, $3, $4, $5, $6)"},
    {"DATETIME", "DATE -> DATETIME", "CAST($1 AS TIMESTAMP)"},
    {"DATETIME", "DATE, TIME -> DATETIME", "($1 + $2)"},
    {"DATETIME", "DATETIME -> DATETIME", "$1"},
    {"DATETIME", "TIMESTAMP -> DATETIME", "timezone($Z, $1)"},
    {"DATETIME", "TIMESTAMP, STRING -> DATETIME", "lf_local($2, $1)"},
    {"DATETIME", "STRING -> DATETIME", "lf_to_string_datetime($1)"},
    {"TIMESTAMP", "STRING -> TIMESTAMP", "lf_to_string_timestamp($1, $Z)"},
    {"TIMESTAMP", "STRING, STRING -> TIMESTAMP", "lf_to_string_timestamp($1, $2)"},
    {"TIMESTAMP", "DATE -> TIMESTAMP", "timezone($Z, CAST($1 AS TIMESTAMP))"},
    {"TIMESTAMP", "DATE, STRING -> TIMESTAMP", "lf_instant($2, CAST($1 AS TIMESTAMP))"},
    {"TIMESTAMP", "DATETIME -> TIMESTAMP", "timezone($Z, $1)"},
    {"TIMESTAMP", "DATETIME, STRING -> TIMESTAMP", "lf_instant($2, $1)"},
    {"TIMESTAMP", "TIMESTAMP -> TIMESTAMP", "$1"},
    {"TIME", "INT64, INT64, INT64 -> TIME", "make_time($1, $2, $3)"},
    {"TIME", "TIMESTAMP -> TIME", "CAST(timezone($Z, $1) AS TIME)"},
    {"TIME", "TIMESTAMP, STRING -> TIME", "CAST(lf_local($2, $1) AS TIME)"},
    {"TIME", "DATETIME -> TIME", "CAST($1 AS TIME)"},
    {"TIME", "TIME -> TIME", "$1"},
    {"UNIX_SECONDS", "TIMESTAMP -> INT64", "lf_floor_divide(epoch_us($1), 1000000)"},
    {"UNIX_MILLIS", "TIMESTAMP -> INT64", "lf_floor_divide(epoch_us($1), 1000)"},
    {"UNIX_MICROS", "TIMESTAMP -> INT64", "epoch_us($1)"},
    {"UNIX_DATE", "DATE -> INT64", "($1 - DATE '1970-01-01')"},
    {"DATE_FROM_UNIX_DATE", "INT64 -> DATE",
     "lf_to_date_in_range(CAST(DATE '1970-01-01' + to_days(CAST($1 AS INTEGER)) AS DATE))"},
    {"TIMESTAMP_SECONDS", "INT64 -> TIMESTAMP",
     "lf_to_timestamp_in_range(make_timestamptz($1 * 1000000))"},
    {"TIMESTAMP_MILLIS", "INT64 -> TIMESTAMP",
     "lf_to_timestamp_in_range(make_timestamptz($1 * 1000))"},
    {"TIMESTAMP_MICROS", "INT64 -> TIMESTAMP", "lf_to_timestamp_in_range(make_timestamptz($1))"},
    {"STRING", "TIMESTAMP -> STRING", "lf_timestamp_string($1, $Z)"},
    {"STRING", "TIMESTAMP, STRING -> STRING", "lf_timestamp_string($1, $2)"},
    {"STRING", "DATE -> STRING", "lf_date_string($1)"},
    {"STRING", "DATETIME -> STRING", "lf_datetime_string($1)"},
    {"STRING", "TIME -> STRING", "lf_time_string($1)"},
};

}  // namespace

std::span<const ScalarRow> TimeRows() { return kRows; }

}  // namespace landfall::googlesql
