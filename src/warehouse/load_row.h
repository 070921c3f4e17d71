// One LoadRecord as a row of _landfall.loads. Private to load_state.
#pragma once

#include "base/status.h"
#include "warehouse/duck.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

// The key must be new.
Status InsertLoadRow(Connection& connection, const LoadRecord& record);
// Everything but the key, where the key and the epoch match; false when none does.
Result<bool> UpdateLoadRow(Connection& connection, const LoadRecord& record);
// From the current row of a SELECT of kLoadsColumns.
Result<LoadRecord> ReadLoadRow(const QueryResult& row);

}  // namespace landfall::warehouse
