// Rows in wire form (wire.h) as lines of an exported CSV or NDJSON object. Pure. Private to the
// module.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// kInvalidArgument when CSV cannot hold the schema: "Operation cannot be performed on a nested
// schema. Field: x".
Status CheckCsvSchema(const Schema& schema);
std::string CsvHeader(const Schema& schema, char delimiter);  // with its line end
// Append one line. Times are UTC: "2024-05-17 12:34:56.5 UTC".
void AppendCsvLine(const Schema& schema, std::string_view encoded, char delimiter,
                   std::string& out);
// INT64 and NUMERIC are strings, as the service exports them; null fields are left out.
void AppendJsonLine(const Schema& schema, std::string_view encoded, std::string& out);

}  // namespace landfall::warehouse
