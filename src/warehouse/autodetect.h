// Schema of CSV and NDJSON files from a sample of their records, by BigQuery's autodetect rules.
// Deterministic.
#pragma once

#include <vector>

#include "warehouse/types.h"

namespace landfall::warehouse {

inline constexpr std::size_t kSampleRecordsMax = 500;

struct Detected {
  Schema schema;            // fields in order of first appearance
  bool has_header = false;  // CSV: the first row names the columns
};

// Looks at the first objects until the sample is full. kInvalidArgument when there is nothing to
// look at.
Result<Detected> DetectSchema(const LoadConfig& config, const std::vector<SourceObject>& sources,
                              ObjectSource& objects);

// The parts, for tests.
Result<Schema> DetectNdjson(const std::vector<std::string>& lines);
Detected DetectCsv(const LoadConfig& config, const std::vector<std::vector<std::string>>& rows);
// The narrowest type that `text` fits: INT64, FLOAT64, BOOL, DATE, TIME, DATETIME, TIMESTAMP or
// STRING.
googlesql::TypeKind DetectScalar(std::string_view text);
// "First Name!" -> "First_Name_"; a name BigQuery takes for a column.
std::string ColumnName(std::string_view text, std::size_t number);

}  // namespace landfall::warehouse
