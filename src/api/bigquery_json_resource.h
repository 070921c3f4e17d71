// Datasets and tables as JSON, both ways. Private to the BigQuery adapter. `base_url` is how the
// client addressed us.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

JsonObject DatasetJson(const warehouse::Dataset& dataset, std::string_view base_url);
JsonObject DatasetListItem(const warehouse::Dataset& dataset);
JsonObject TableJson(const warehouse::Table& table, std::string_view base_url);
JsonObject TableListItem(const warehouse::Table& table);

JsonObject TableRefJson(const warehouse::TableRef& ref, std::string_view partition = "");
JsonObject DatasetRefJson(const warehouse::DatasetRef& ref);
JsonObject SchemaObject(const warehouse::Schema& schema);  // {"fields": [...]}
JsonObject LabelsJson(const warehouse::Labels& labels);

// "p:d.t" and the like, as ids of resources; the parts of a URL path, escaped.
std::string ResourceUrl(std::string_view base_url, std::string_view path);

// For insert. Ids in the body must agree with the path.
Result<warehouse::Dataset> ParseDatasetBody(const JsonObject& body, std::string_view project);
Result<warehouse::Table> ParseTableBody(const JsonObject& body, const warehouse::DatasetRef& in);

// {projectId, datasetId, tableId}; the project defaults to `project`. The id may carry a partition.
struct TableTarget {
  warehouse::TableRef ref = {};
  std::string partition = {};
};
Result<TableTarget> ParseTableRef(const JsonObject& object, std::string_view where,
                                  std::string_view project);

// The merge patch that turns `current`, as rendered, into what `body` of an update (PUT) says:
// members it leaves out are removed, those that are as they were are dropped.
warehouse::ResourcePatch ReplacingPatch(const JsonObject& current, const JsonObject& body,
                                        const std::vector<std::string_view>& replaceable);

}  // namespace landfall::api::bigquery_json
