// What a load writes to: dispositions, schema updates and the partition, inside the load's
// transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "warehouse/catalog.h"
#include "warehouse/load_scan.h"
#include "warehouse/partition.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct LoadTarget {
  std::shared_ptr<const Table> table;
  Schema columns;  // of the target, in the order in which the files have them
  std::optional<TimePoint> partition_time;  // of ingestion-time partitioned tables
  std::optional<PartitionBounds> partition;
  std::optional<Partition> decorated;
};

// Makes or alters the table, empties what WRITE_TRUNCATE names, refuses what WRITE_EMPTY protects.
// `file_schema`: given with the job or detected; nullptr: the table's own. Errors are BigQuery's:
// kNotFound for a missing dataset, or a table with CREATE_NEVER; kInvalidArgument "Provided Schema
// does not match Table ..."; kAlreadyExists for WRITE_EMPTY.
Result<LoadTarget> PrepareTarget(CatalogChange& change, Connection& connection,
                                 const LoadConfig& config, const Schema* file_schema,
                                 TimePoint now);

// Physical column names of InsertScan's chunk, hidden ones first, quoted and separated by commas.
std::string InsertColumns(const LoadTarget& target);

}  // namespace landfall::warehouse
