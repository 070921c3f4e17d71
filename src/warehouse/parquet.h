// Parquet objects, read by DuckDB through /proc/self/fd where the object is a file, else through a
// copy in the spool. Columns go by name, with casts; a file that cannot be read or cast fails the
// load, naming the object.
#pragma once

#include <vector>

#include "warehouse/load_run.h"

namespace landfall::warehouse {

// Of the first object.
Result<Schema> ParquetSchema(LoadServices& services, Connection& connection,
                             const std::vector<SourceObject>& sources, ObjectSource& objects);

// Inserts every object into the target; rows outside of a decorated partition, or without a
// REQUIRED value, are bad.
Status LoadParquet(LoadServices& services, Connection& connection, const LoadInput& input,
                   BadRows& bad_rows, LoadOutput& output);

}  // namespace landfall::warehouse
