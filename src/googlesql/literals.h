// Texts of dates, times and numbers, read strictly as GoogleSQL does and written as DuckDB
// constants.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "googlesql/types.h"

namespace landfall::googlesql {

// The DuckDB expression for `text` read as a value of `kind`; nullopt when it is not one. `zone` is
// used by TIMESTAMP texts that name none.
std::optional<std::string> LiteralSql(std::string_view text, TypeKind kind, std::string_view zone);

// An integer literal, decimal or hexadecimal; nullopt when it does not fit an INT64.
std::optional<std::string> IntegerSql(std::string_view text);
// "1.5" -> CAST('1.5' AS DOUBLE).
std::string FloatSql(std::string_view text);
std::string BytesSql(std::string_view bytes);
// A decimal number with at most 29 integer digits, rounded half away to 9 decimals; nullopt
// otherwise.
std::optional<std::string> NumericText(std::string_view text);

// INTERVAL '1-2 3 4:5:6' YEAR TO SECOND, or INTERVAL '10' DAY with an empty `to`. Parts any case.
std::optional<std::string> IntervalSql(std::string_view text, std::string_view from,
                                       std::string_view to);

}  // namespace landfall::googlesql
