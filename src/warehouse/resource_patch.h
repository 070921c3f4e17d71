// Merge patches of datasets and tables, by REST name; null removes. What cannot change is refused
// by name. Private to the module.
#pragma once

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

Result<Dataset> PatchedDataset(Dataset dataset, const ResourcePatch& patch);
Result<Table> PatchedTable(Table table, const ResourcePatch& patch);

// Ids as BigQuery allows them.
Status CheckDatasetId(const DatasetRef& ref);
Status CheckTableId(const TableRef& ref);

}  // namespace landfall::warehouse
