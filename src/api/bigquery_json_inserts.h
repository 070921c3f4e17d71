// The body of tabledata.insertAll. Private to the BigQuery adapter.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

// Rows refer to `body` and to `texts`: their JSON is taken as it stands, so that no number loses
// digits on its way. `body` must have warehouse::kInsertPaddingBytes behind what `text` covers.
struct InsertBody {
  warehouse::InsertRequest request = {};
  std::deque<std::string> texts = {};  // insertIds that had escapes; a deque leaves them in place
};
Status ParseInsertBody(std::string_view text, InsertBody& body);

}  // namespace landfall::api::bigquery_json
