// Query parameters: REST values into DuckDB values. Private to the module.
#pragma once

#include "googlesql/googlesql.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// Binds what the statement asks for. Scalars travel as text: the rendered SQL casts each parameter
// to its type.
Status BindParameters(Prepared& prepared, const googlesql::Statement& statement,
                      const QueryConfig& config);

}  // namespace landfall::warehouse
