// Read-only tables of our own that every project sees: dataset landfall_system with `loads` and
// `load_objects`, and dataset bigquery_loads with the view `serverless_bq_loads` over loads.
// Private to the module.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "warehouse/types.h"

namespace landfall::warehouse {

bool IsSystemDataset(std::string_view dataset);
std::vector<Dataset> SystemDatasets(std::string_view project);

struct SystemTable {
  Table table;           // as tables.get shows it
  std::string physical;  // a parenthesised DuckDB query over the project's rows; empty for a view
};
// nullopt: no such table, or no dataset of ours.
std::optional<SystemTable> FindSystemTable(const TableRef& ref);
std::vector<Table> SystemTables(const DatasetRef& ref);

}  // namespace landfall::warehouse
