// The rendering half of bigquery_json_resource.h.
#include "api/bigquery_json_resource.h"

#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

void PutText(JsonObject& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

// BigQuery's JSON writes 64-bit integers as strings.
void PutInt(JsonObject& json, std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) json[name] = std::to_string(*value);
}

std::string Millis(TimePoint at) { return std::to_string(ToMillis(at)); }

JsonObject TimePartitioningJson(const warehouse::TimePartitioning& by) {
  JsonObject json{{"type", by.type}};
  PutText(json, "field", by.field);
  PutInt(json, "expirationMs", by.expiration_ms);
  return json;
}

JsonObject RangePartitioningJson(const warehouse::RangePartitioning& by) {
  return {{"field", by.field},
          {"range",
           {{"start", std::to_string(by.start)},
            {"end", std::to_string(by.end)},
            {"interval", std::to_string(by.interval)}}}};
}

// What tables.get and tables.list both show.
JsonObject CommonTableJson(const warehouse::Table& table) {
  JsonObject json{{"kind", "bigquery#table"},
                  {"id", ToString(table.ref)},
                  {"tableReference", TableRefJson(table.ref)},
                  {"type", table.type},
                  {"creationTime", Millis(table.created)}};
  PutText(json, "friendlyName", table.friendly_name);
  if (!table.labels.empty()) json["labels"] = LabelsJson(table.labels);
  if (table.expiration) json["expirationTime"] = Millis(*table.expiration);
  if (table.time_partitioning) {
    json["timePartitioning"] = TimePartitioningJson(*table.time_partitioning);
  }
  if (table.range_partitioning) {
    json["rangePartitioning"] = RangePartitioningJson(*table.range_partitioning);
  }
  if (!table.clustering.empty()) {
    json["clustering"] = {{"fields", JsonArray(table.clustering.begin(), table.clustering.end())}};
  }
  if (table.require_partition_filter) json["requirePartitionFilter"] = true;
  if (table.type == "VIEW") json["view"] = {{"useLegacySql", false}};
  return json;
}

}  // namespace

JsonObject TableRefJson(const warehouse::TableRef& ref, std::string_view partition) {
  const std::string decorator = partition.empty() ? "" : "$" + std::string(partition);
  return {
      {"projectId", ref.project}, {"datasetId", ref.dataset}, {"tableId", ref.table + decorator}};
}

JsonObject DatasetRefJson(const warehouse::DatasetRef& ref) {
  return {{"projectId", ref.project}, {"datasetId", ref.dataset}};
}

JsonObject SchemaObject(const warehouse::Schema& schema) {
  return {{"fields", warehouse::SchemaJson(schema)}};
}

JsonObject LabelsJson(const warehouse::Labels& labels) {
  JsonObject json;
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

std::string ResourceUrl(std::string_view base_url, std::string_view path) {
  return std::string(base_url) + "/bigquery/v2/projects/" + std::string(path);
}

JsonObject DatasetListItem(const warehouse::Dataset& dataset) {
  JsonObject json{{"kind", "bigquery#dataset"},
                  {"id", ToString(dataset.ref)},
                  {"datasetReference", DatasetRefJson(dataset.ref)},
                  {"location", dataset.location},
                  {"type", "DEFAULT"}};
  PutText(json, "friendlyName", dataset.friendly_name);
  if (!dataset.labels.empty()) json["labels"] = LabelsJson(dataset.labels);
  return json;
}

JsonObject DatasetJson(const warehouse::Dataset& dataset, std::string_view base_url) {
  JsonObject json = DatasetListItem(dataset);
  json["etag"] = dataset.etag;
  json["selfLink"] = ResourceUrl(
      base_url, PercentEncode(dataset.ref.project) + "/datasets/" + dataset.ref.dataset);
  PutText(json, "description", dataset.description);
  PutInt(json, "defaultTableExpirationMs", dataset.default_table_expiration_ms);
  PutInt(json, "defaultPartitionExpirationMs", dataset.default_partition_expiration_ms);
  json["creationTime"] = Millis(dataset.created);
  json["lastModifiedTime"] = Millis(dataset.modified);
  return json;
}

JsonObject TableListItem(const warehouse::Table& table) { return CommonTableJson(table); }

JsonObject TableJson(const warehouse::Table& table, std::string_view base_url) {
  JsonObject json = CommonTableJson(table);
  json["etag"] = table.etag;
  json["selfLink"] =
      ResourceUrl(base_url, PercentEncode(table.ref.project) + "/datasets/" + table.ref.dataset +
                                "/tables/" + PercentEncode(table.ref.table));
  PutText(json, "description", table.description);
  json["location"] = table.location;
  json["lastModifiedTime"] = Millis(table.modified);
  json["schema"] = SchemaObject(table.schema);
  if (table.type == "VIEW") json["view"].as_object()["query"] = table.view_query;
  json["numRows"] = std::to_string(table.num_rows);
  json["numBytes"] = std::to_string(table.num_bytes);
  json["numLongTermBytes"] = "0";
  return json;
}

}  // namespace landfall::api::bigquery_json
