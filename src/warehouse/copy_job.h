// Copy jobs: rows of tables or partitions into a table or a partition. Private to the module.
#pragma once

#include "warehouse/catalog.h"
#include "warehouse/job_run.h"
#include "warehouse/table_locks.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// One transaction: the destination, its rows and the job's record. Sources must have one schema and
// one partitioning; a destination that stays must have the same.
Status RunCopy(Catalog& catalog, TableLocks& locks, const CopyConfig& config, JobRun& run);

}  // namespace landfall::warehouse
