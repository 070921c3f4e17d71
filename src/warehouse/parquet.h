// Parquet objects, read by DuckDB through /proc/self/fd where the object is a file, else through a
// copy in the spool. Columns go by name, with casts; a file that cannot be read or cast fails the
// load, naming the object.
#pragma once

#include <vector>

#include "warehouse/load_run.h"

namespace landfall::warehouse {

// Of the first object. A DECIMAL becomes the first of the targets, in the order NUMERIC,
// BIGNUMERIC, STRING, that holds its digits; of none, NUMERIC.
Result<Schema> ParquetSchema(LoadServices& services, Connection& connection,
                             const std::vector<SourceObject>& sources, ObjectSource& objects,
                             const std::vector<DecimalTarget>& decimal_targets);

// Inserts every object into the target; rows outside of a decorated partition, or without a
// REQUIRED value, are bad.
Status LoadParquet(LoadServices& services, Connection& connection, const LoadInput& input,
                   BadRows& bad_rows, LoadOutput& output);

}  // namespace landfall::warehouse
