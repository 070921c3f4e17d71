// BigQuery REST API v2: the routes, and what all of its answers share.
#include "api/api.h"

#include "api/json_error.h"
#include "base/clock.h"

namespace landfall::api {
namespace bigquery_json {
namespace {

struct Row {
  net::Method method;
  std::string_view path;  // behind the prefix
  std::string_view name;
};

constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kPut = net::Method::kPut, kPatch = net::Method::kPatch,
                      kDelete = net::Method::kDelete;

constexpr Row kRows[] = {
    {kGet, "/projects", "bigquery.projects.list"},
    {kGet, "/projects/{project}/serviceAccount", "bigquery.projects.getServiceAccount"},
    {kPost, "/projects/{project}/datasets", "bigquery.datasets.insert"},
    {kPut, "/projects/{project}/datasets/{dataset}", "bigquery.datasets.update"},
    {kPatch, "/projects/{project}/datasets/{dataset}", "bigquery.datasets.patch"},
    {kDelete, "/projects/{project}/datasets/{dataset}", "bigquery.datasets.delete"},
};

}  // namespace
}  // namespace bigquery_json

net::Api MakeBigQueryJson(warehouse::Warehouse&, Clock&) {
  net::Api api{.name = "bigquery"};
  for (const bigquery_json::Row& row : bigquery_json::kRows) {
    for (const std::string_view prefix : {"/bigquery/v2", ""}) {
      api.routes.push_back({.method = row.method,
                            .pattern = std::string(prefix).append(row.path),
                            .name = std::string(row.name)});
    }
  }
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kWithStatus);
  };
  return api;
}

}  // namespace landfall::api
