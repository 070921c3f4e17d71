// One scalar of a source file -> one value of a column, by BigQuery's rules for load jobs. Pure.
//
// Values have DuckDB's physical form: INT64 int64, FLOAT64 double, BOOL one byte, DATE days int32,
// TIME / DATETIME / TIMESTAMP microseconds int64, NUMERIC a 128-bit integer scaled by 10^9, STRING
// / BYTES / JSON a duckdb_string_t.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string_view>

#include "googlesql/types.h"
#include "warehouse/load_arena.h"

namespace landfall::warehouse {

enum class CellError : std::uint8_t { kNone, kWrongType, kOutOfRange, kInvalidValue, kInvalidUtf8 };
std::string_view CellErrorCode(CellError error);  // "wrong_type": the `code` of a bad row

// A JSON string arrives unescaped; a CSV field is kText, which may become any type. Numbers keep
// their spelling.
enum class ScalarKind : std::uint8_t { kText, kNumber, kBool };
struct Scalar {
  ScalarKind kind = ScalarKind::kText;
  std::string_view text;
};

__extension__ using Int128 = __int128;

CellError ParseInt64Cell(std::string_view text,
                         std::int64_t& out);  // "12", "-3", "1.0", "1e3": integral values only
CellError ParseFloat64Cell(std::string_view text,
                           double& out);                    // also NaN, Infinity, inf, any case
CellError ParseBoolCell(std::string_view text, bool& out);  // true t yes y 1 / false f no n 0
CellError ParseNumericCell(std::string_view text,
                           Int128& out);  // exact; rounds half away after 9 digits
CellError ParseDateCell(std::string_view text, std::int32_t& days);    // YYYY-[M]M-[D]D
CellError ParseTimeCell(std::string_view text, std::int64_t& micros);  // [H]H:[M]M[:[S]S[.F]]
CellError ParseDatetimeCell(std::string_view text,
                            std::int64_t& micros);  // date, T or space, time; date alone
// As DATETIME, also with YYYY/MM/DD, then Z, UTC, GMT, +HH[:MM]; or seconds since 1970 with a
// fraction.
CellError ParseTimestampCell(std::string_view text, std::int64_t& micros);
// One JSON text (RFC 8259), nested at most `depth_max` deep.
enum class JsonVerdict : std::uint8_t { kValid, kInvalid, kTooDeep };
JsonVerdict CheckJsonText(std::string_view text, std::size_t depth_max);
inline constexpr std::size_t kJsonDepthMax = 500;  // BigQuery's limit of nesting in a JSON value

// Refers to `bytes` when longer than 12. Writes in place: a value returned would be copied as a
// whole right after its parts were stored, which stalls.
void PutString(std::string_view bytes, duckdb_string_t& out);

// Writes `scalar` at `row` of a vector's data. Text is referred to, not copied, so it must live as
// long as the chunk; what has to be built (BYTES) goes to the arena. kArray and kStruct are not
// scalars.
CellError StoreScalar(googlesql::TypeKind type, const Scalar& scalar, void* data, idx_t row,
                      LoadArena& arena);

}  // namespace landfall::warehouse
