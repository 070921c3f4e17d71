// Rows of a table or system table, page by page. Private to the module.
#pragma once

#include <string>

#include "warehouse/connection_pool.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

// `physical`: a quoted table or a parenthesised query.
Result<Rows> ReadRows(ConnectionPool& pool, const std::string& physical, const Schema& schema,
                      const RowsRequest& request);

// The fields a request selects, in the order of the schema; all when it names none.
Result<Schema> SelectFields(const Schema& schema, const std::vector<std::string>& names);
// The same for rows that are made already.
Result<Rows> SelectRowFields(Rows rows, const std::vector<std::string>& names);

}  // namespace landfall::warehouse
