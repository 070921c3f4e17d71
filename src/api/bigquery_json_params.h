// What BigQuery requests say, and the checks all of them share: parameters, headers, which members
// a body may have. Private to the BigQuery adapter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "net/net.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

// The members of one kind of JSON object, in four groups. Any other name is kInvalidArgument naming
// it and the nearest known one.
struct Members {
  std::string_view where;  // "configuration.query": for messages
  std::vector<std::string_view> built = {};
  std::vector<std::string_view> output_only = {};  // clients send them back; they change nothing
  std::vector<std::string_view> unbuilt = {};      // kUnimplemented, unless they say nothing
};
Status CheckMembers(const JsonObject& object, const Members& members);

// A member that must be there, and not be empty.
Result<std::string> RequiredText(const JsonObject& object, std::string_view name,
                                 std::string_view where);
Result<std::string> TextOr(const JsonObject& object, std::string_view name,
                           std::string_view fallback = "");
Result<std::vector<std::string>> TextArray(const JsonObject& object, std::string_view name,
                                           std::string_view where);
// kInvalidArgument/"invalid" when `object` has `name` and it is not `expected`, which `by` says.
Status CheckAgrees(const JsonObject& object, std::string_view name, std::string_view expected,
                   std::string_view by = "the path");
Result<warehouse::Labels> ParseLabels(const JsonObject& object);  // its member "labels"

// Query parameters. An empty value counts as absent.
std::string TextQuery(const net::Request& request, std::string_view name);
Result<std::optional<std::int64_t>> CountQuery(const net::Request& request, std::string_view name);
Result<bool> BoolQuery(const net::Request& request, std::string_view name);
// kUnimplemented naming the first parameter we know and cannot honour.
Status RefuseUnsupported(const net::Request& request);

Result<warehouse::PageOptions> PageOptionsOf(const net::Request& request);

// Which rows, and in which form. maxResults=0 asks for none: a probe for the count and schema.
struct RowsWish {
  warehouse::RowsRequest request = {};
  bool none = false;
};
Result<RowsWish> RowsWishOf(const net::Request& request);
// `formats` is the formatOptions of a body; nullptr: none.
Status SetFormat(const JsonObject* formats, RowsWish& wish);

// How long jobs.query and jobs.getQueryResults wait for the job.
Result<std::chrono::milliseconds> WaitOf(std::optional<std::int64_t> timeout_ms);

std::string IfMatchOf(const net::Request& request);  // without quotes; empty when absent

// The body as a JSON object; an empty body is an empty object.
Result<JsonObject> ReadJsonBody(net::Request& request);

}  // namespace landfall::api::bigquery_json
