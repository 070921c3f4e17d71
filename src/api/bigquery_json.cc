// BigQuery REST API v2: the routes, and what all of its answers share.
#include "api/bigquery_json.h"

#include <memory>

#include "api/bigquery_json_error.h"

namespace landfall::api {
namespace bigquery_json {
namespace {

using Handler = Result<net::Response> (Adapter::*)(net::Request&);

struct Row {
  net::Method method;
  std::string_view path;  // behind the prefix
  std::string_view name;
  Handler handler;  // null: known to Google, not implemented
};

constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kPut = net::Method::kPut, kPatch = net::Method::kPatch,
                      kDelete = net::Method::kDelete;

// Under /bigquery/v2/projects and, for Node's emulator mode, /projects.
constexpr Row kRows[] = {
    {kGet, "", "bigquery.projects.list", &Adapter::ListProjects},

    {kPost, "/{project}/datasets", "bigquery.datasets.insert", &Adapter::InsertDataset},
    {kGet, "/{project}/datasets", "bigquery.datasets.list", &Adapter::ListDatasets},
    {kGet, "/{project}/datasets/{dataset}", "bigquery.datasets.get", &Adapter::GetDataset},
    {kPatch, "/{project}/datasets/{dataset}", "bigquery.datasets.patch", &Adapter::PatchDataset},
    {kPut, "/{project}/datasets/{dataset}", "bigquery.datasets.update", &Adapter::UpdateDataset},
    {kDelete, "/{project}/datasets/{dataset}", "bigquery.datasets.delete", &Adapter::DeleteDataset},
    {kPost, "/{project}/datasets/{dataset}:undelete", "bigquery.datasets.undelete", nullptr},

    {kPost, "/{project}/datasets/{dataset}/tables", "bigquery.tables.insert",
     &Adapter::InsertTable},
    {kGet, "/{project}/datasets/{dataset}/tables", "bigquery.tables.list", &Adapter::ListTables},
    {kGet, "/{project}/datasets/{dataset}/tables/{table}", "bigquery.tables.get",
     &Adapter::GetTable},
    {kPatch, "/{project}/datasets/{dataset}/tables/{table}", "bigquery.tables.patch",
     &Adapter::PatchTable},
    {kPut, "/{project}/datasets/{dataset}/tables/{table}", "bigquery.tables.update",
     &Adapter::UpdateTable},
    {kDelete, "/{project}/datasets/{dataset}/tables/{table}", "bigquery.tables.delete",
     &Adapter::DeleteTable},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}:getIamPolicy",
     "bigquery.tables.getIamPolicy", nullptr},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}:setIamPolicy",
     "bigquery.tables.setIamPolicy", nullptr},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}:testIamPermissions",
     "bigquery.tables.testIamPermissions", nullptr},

    {kGet, "/{project}/datasets/{dataset}/tables/{table}/data", "bigquery.tabledata.list",
     &Adapter::ListRows},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}/insertAll",
     "bigquery.tabledata.insertAll", &Adapter::InsertAll},

    {kPost, "/{project}/jobs", "bigquery.jobs.insert", &Adapter::InsertJob},
    {kGet, "/{project}/jobs", "bigquery.jobs.list", &Adapter::ListJobs},
    {kGet, "/{project}/jobs/{job}", "bigquery.jobs.get", &Adapter::GetJob},
    {kPost, "/{project}/jobs/{job}/cancel", "bigquery.jobs.cancel", &Adapter::CancelJob},
    {kDelete, "/{project}/jobs/{job}/delete", "bigquery.jobs.delete", &Adapter::DeleteJob},
    {kPost, "/{project}/queries", "bigquery.jobs.query", &Adapter::Query},
    {kGet, "/{project}/queries/{job}", "bigquery.jobs.getQueryResults", &Adapter::GetQueryResults},

    {kGet, "/{project}/datasets/{dataset}/models", "bigquery.models.list", nullptr},
    {kGet, "/{project}/datasets/{dataset}/models/{model}", "bigquery.models.get", nullptr},
    {kPatch, "/{project}/datasets/{dataset}/models/{model}", "bigquery.models.patch", nullptr},
    {kDelete, "/{project}/datasets/{dataset}/models/{model}", "bigquery.models.delete", nullptr},

    {kGet, "/{project}/datasets/{dataset}/routines", "bigquery.routines.list", nullptr},
    {kPost, "/{project}/datasets/{dataset}/routines", "bigquery.routines.insert", nullptr},
    {kGet, "/{project}/datasets/{dataset}/routines/{routine}", "bigquery.routines.get", nullptr},
    {kPut, "/{project}/datasets/{dataset}/routines/{routine}", "bigquery.routines.update", nullptr},
    {kDelete, "/{project}/datasets/{dataset}/routines/{routine}", "bigquery.routines.delete",
     nullptr},
    {kPost, "/{project}/datasets/{dataset}/routines/{routine}:getIamPolicy",
     "bigquery.routines.getIamPolicy", nullptr},
    {kPost, "/{project}/datasets/{dataset}/routines/{routine}:setIamPolicy",
     "bigquery.routines.setIamPolicy", nullptr},
    {kPost, "/{project}/datasets/{dataset}/routines/{routine}:testIamPermissions",
     "bigquery.routines.testIamPermissions", nullptr},

    {kGet, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies",
     "bigquery.rowAccessPolicies.list", nullptr},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies",
     "bigquery.rowAccessPolicies.insert", nullptr},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies:batchDelete",
     "bigquery.rowAccessPolicies.batchDelete", nullptr},
    {kGet, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}",
     "bigquery.rowAccessPolicies.get", nullptr},
    {kPut, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}",
     "bigquery.rowAccessPolicies.update", nullptr},
    {kDelete, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}",
     "bigquery.rowAccessPolicies.delete", nullptr},
    {kPost, "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}:getIamPolicy",
     "bigquery.rowAccessPolicies.getIamPolicy", nullptr},
    {kPost,
     "/{project}/datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}:testIamPermissions",
     "bigquery.rowAccessPolicies.testIamPermissions", nullptr},
};

// Without the prefix this path is Cloud Storage's.
constexpr Row kPrefixedRows[] = {
    {kGet, "/{project}/serviceAccount", "bigquery.projects.getServiceAccount",
     &Adapter::GetServiceAccount},
};

constexpr Row kUploadRows[] = {
    {kPost, "/{project}/jobs", "bigquery.jobs.insert", &Adapter::PostUpload},
    {kPut, "/{project}/jobs", "bigquery.jobs.insert", &Adapter::PutUpload},
    {kDelete, "/{project}/jobs", "bigquery.jobs.insert", &Adapter::DeleteUpload},
};

net::Route RouteOf(std::string_view prefix, const Row& row,
                   const std::shared_ptr<Adapter>& adapter) {
  net::Route route{.method = row.method,
                   .pattern = std::string(prefix).append("/projects").append(row.path),
                   .name = std::string(row.name)};
  if (row.handler == nullptr) return route;
  route.handler = [adapter, handler = row.handler](net::Request& request) -> Result<net::Response> {
    TRY(RefuseUnsupported(request));
    return (*adapter.*handler)(request);
  };
  return route;
}

}  // namespace

Adapter::Adapter(BigQueryJsonOptions options, warehouse::Warehouse& warehouse, Clock& clock)
    : options_(std::move(options)), warehouse_(warehouse), uploads_(options_.spool_dir, clock) {}

}  // namespace bigquery_json

net::Api MakeBigQueryJson(warehouse::Warehouse& warehouse, Clock& clock,
                          BigQueryJsonOptions options) {
  using namespace bigquery_json;  // NOLINT: the adapter's own names
  const auto adapter = std::make_shared<Adapter>(std::move(options), warehouse, clock);
  net::Api api{.name = "bigquery"};
  for (const std::string_view prefix : {"/bigquery/v2", ""}) {
    for (const Row& row : kRows) api.routes.push_back(RouteOf(prefix, row, adapter));
  }
  for (const Row& row : kPrefixedRows) {
    api.routes.push_back(RouteOf("/bigquery/v2", row, adapter));
  }
  for (const std::string_view prefix : {"/upload/bigquery/v2", "/resumable/upload/bigquery/v2"}) {
    for (const Row& row : kUploadRows) api.routes.push_back(RouteOf(prefix, row, adapter));
  }
  api.render_error = [](const net::Request& request, const Status& error) {
    return ErrorResponse(error, request.context.trace_id);
  };
  return api;
}

}  // namespace landfall::api
