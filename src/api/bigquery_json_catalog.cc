// Projects, datasets and tables.
#include "api/bigquery_json.h"
#include "api/bigquery_json_resource.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::string_view kLegacyProjectNumber = "0";

warehouse::DatasetRef DatasetOf(const net::Request& request) {
  return {std::string(request.Param("project")), std::string(request.Param("dataset"))};
}

warehouse::TableRef TableOf(const net::Request& request) {
  return {std::string(request.Param("project")), std::string(request.Param("dataset")),
          std::string(request.Param("table"))};
}

JsonObject List(std::string_view kind, std::string_view name, JsonArray items,
                const std::string& next_page_token) {
  JsonObject list{{"kind", kind}};
  if (!items.empty()) list[name] = std::move(items);
  if (!next_page_token.empty()) list["nextPageToken"] = next_page_token;
  return list;
}

net::Response NoContent() {
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace

// Every project there may be is served; the configured one is the one to show.
Result<net::Response> Adapter::ListProjects(net::Request& request) {
  const std::string& project = options_.default_project;
  JsonArray projects{{{"kind", "bigquery#project"},
                      {"id", project},
                      {"numericId", kLegacyProjectNumber},
                      {"projectReference", {{"projectId", project}}},
                      {"friendlyName", project}}};
  JsonObject list = List("bigquery#projectList", "projects", std::move(projects), "");
  list["totalItems"] = 1;
  return Answer(request, list);
}

Result<net::Response> Adapter::GetServiceAccount(net::Request& request) {
  return Answer(request, {{"kind", "bigquery#getServiceAccountResponse"},
                          {"email", "bq-" + std::string(request.Param("project")) +
                                        "@bigquery-encryption.iam.gserviceaccount.com"}});
}

Result<net::Response> Adapter::InsertDataset(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  warehouse::Dataset dataset = TRY(ParseDatasetBody(body, request.Param("project")));
  return Answer(request,
                DatasetJson(TRY(warehouse_.CreateDataset(request.context, std::move(dataset))),
                            request.BaseUrl()));
}

Result<net::Response> Adapter::GetDataset(net::Request& request) {
  return Answer(request,
                DatasetJson(TRY(warehouse_.GetDataset(request.context, DatasetOf(request))),
                            request.BaseUrl()));
}

Result<net::Response> Adapter::ListDatasets(net::Request& request) {
  warehouse::PageOptions options = TRY(PageOptionsOf(request));
  options.label_filter = TextQuery(request, "filter");
  if (!options.label_filter.empty() && !options.label_filter.starts_with("labels.")) {
    return InvalidArgument("filter must look like labels.key or labels.key:value",
                           "invalidParameter", "filter");
  }
  const warehouse::Page<warehouse::Dataset> page =
      TRY(warehouse_.ListDatasets(request.context, request.Param("project"), options));
  JsonArray items;
  for (const warehouse::Dataset& dataset : page.items) items.push_back(DatasetListItem(dataset));
  return Answer(request,
                List("bigquery#datasetList", "datasets", std::move(items), page.next_page_token));
}

Result<net::Response> Adapter::PatchDataset(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  return Answer(request,
                DatasetJson(TRY(warehouse_.PatchDataset(request.context, DatasetOf(request), body,
                                                        IfMatchOf(request))),
                            request.BaseUrl()));
}

Result<net::Response> Adapter::UpdateDataset(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  const warehouse::Dataset before = TRY(warehouse_.GetDataset(request.context, DatasetOf(request)));
  const warehouse::ResourcePatch patch =
      ReplacingPatch(DatasetJson(before, request.BaseUrl()), body,
                     {"description", "friendlyName", "labels", "defaultTableExpirationMs",
                      "defaultPartitionExpirationMs"});
  const std::string if_match = IfMatchOf(request);
  return Answer(request,
                DatasetJson(TRY(warehouse_.PatchDataset(request.context, before.ref, patch,
                                                        if_match.empty() ? before.etag : if_match)),
                            request.BaseUrl()));
}

Result<net::Response> Adapter::DeleteDataset(net::Request& request) {
  TRY(warehouse_.DeleteDataset(request.context, DatasetOf(request),
                               TRY(BoolQuery(request, "deleteContents"))));
  return NoContent();
}

Result<net::Response> Adapter::InsertTable(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  warehouse::Table table = TRY(ParseTableBody(body, DatasetOf(request)));
  return Answer(request, TableJson(TRY(warehouse_.CreateTable(request.context, std::move(table))),
                                   request.BaseUrl()));
}

Result<net::Response> Adapter::GetTable(net::Request& request) {
  if (!TextQuery(request, "selectedFields").empty()) {
    return Unimplemented("parameter selectedFields of bigquery.tables.get is not implemented",
                         "notImplemented", "selectedFields");
  }
  return Answer(request, TableJson(TRY(warehouse_.GetTable(request.context, TableOf(request))),
                                   request.BaseUrl()));
}

Result<net::Response> Adapter::ListTables(net::Request& request) {
  const warehouse::Page<warehouse::Table> page =
      TRY(warehouse_.ListTables(request.context, DatasetOf(request), TRY(PageOptionsOf(request))));
  JsonArray items;
  for (const warehouse::Table& table : page.items) items.push_back(TableListItem(table));
  return Answer(request,
                List("bigquery#tableList", "tables", std::move(items), page.next_page_token));
}

Result<net::Response> Adapter::PatchTable(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  return Answer(request, TableJson(TRY(warehouse_.PatchTable(request.context, TableOf(request),
                                                             body, IfMatchOf(request))),
                                   request.BaseUrl()));
}

Result<net::Response> Adapter::UpdateTable(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  const warehouse::Table before = TRY(warehouse_.GetTable(request.context, TableOf(request)));
  const warehouse::ResourcePatch patch = ReplacingPatch(
      TableJson(before, request.BaseUrl()), body,
      {"description", "friendlyName", "labels", "expirationTime", "requirePartitionFilter"});
  const std::string if_match = IfMatchOf(request);
  return Answer(request,
                TableJson(TRY(warehouse_.PatchTable(request.context, before.ref, patch,
                                                    if_match.empty() ? before.etag : if_match)),
                          request.BaseUrl()));
}

Result<net::Response> Adapter::DeleteTable(net::Request& request) {
  TRY(warehouse_.DeleteTable(request.context, TableOf(request)));
  return NoContent();
}

}  // namespace landfall::api::bigquery_json
