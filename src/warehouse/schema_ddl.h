// DuckDB DDL for tables of ours. Private to the module.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// Names, partitioning and clustering refer to columns of types they may have; every type is one we
// can store.
Status CheckTable(const Table& table);

// "CREATE TABLE ...", hidden columns first.
Result<std::string> CreateTableSql(const Table& table);

// The statements that turn the physical table of `from` into that of `to`; empty when only metadata
// differs. kInvalidArgument "Provided Schema does not match Table ..." naming the field when it
// cannot be done in place.
Result<std::vector<std::string>> AlterTableSql(const Table& from, const Table& to);

}  // namespace landfall::warehouse
