// Rows of a DuckDB result in BigQuery's wire form: {"f":[{"v":..},..]}. Private to the module.
//
// Texts are kept with timestamps undecided: "\x01" + microseconds + "\x02" stands where the value
// goes, because the reader chooses between float seconds and integer microseconds. A raw control
// character cannot occur in JSON, so FinishRow needs no parser.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "googlesql/types.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class RowEncoder {
 public:
  explicit RowEncoder(std::vector<googlesql::Type> types);
  // Appends row texts of the chunk's rows [0, size), one string each. The first `types.size()`
  // columns are read.
  Status Encode(duckdb_data_chunk chunk, std::vector<std::string>& rows);

 private:
  std::vector<googlesql::Type> types_;
};

enum class TimestampForm : std::uint8_t { kFloatSeconds, kInt64Micros };
// The text a client gets.
std::string FinishRow(std::string_view encoded, TimestampForm form);

// Shortest text that reads back as the same double: "1.0", "0.1", "1e+20", "NaN", "Infinity",
// "-Infinity".
std::string FloatText(double value);
// Seconds as BigQuery writes them: "1.5778368E9", "0.0", "-1.5".
std::string TimestampSecondsText(std::int64_t micros);

// REST schema of query columns: arrays become REPEATED.
Schema SchemaOf(const std::vector<googlesql::StructField>& columns);

}  // namespace landfall::warehouse
