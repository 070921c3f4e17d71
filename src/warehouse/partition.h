// Partitions: what an id such as "20240517" means for one table. Private to the module.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct Partition {
  TimePoint start, end;   // [start, end)
  std::string column;     // the partition column, or _PARTITIONTIME
  std::string predicate;  // DuckDB SQL over the table's physical columns: true for the rows of this
                          // partition
  std::string up_to;      // the same for this partition and all before it
};

// kInvalidArgument: the table is not partitioned by time, the id does not have the length its type
// asks for, or it names no real date ("20241301").
Result<Partition> ResolvePartition(const Table& table, std::string_view id);

// The partition of type HOUR, DAY, MONTH or YEAR that `at` is in: its start, and its id.
TimePoint PartitionStart(std::string_view type, TimePoint at);
std::string PartitionId(std::string_view type, TimePoint at);

}  // namespace landfall::warehouse
