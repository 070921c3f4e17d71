// The parsing half of bigquery_json_resource.h.
#include <algorithm>

#include "api/bigquery_json_params.h"
#include "api/bigquery_json_resource.h"

namespace landfall::api::bigquery_json {
namespace {

const Members& DatasetMembers() {
  static const Members members{
      .where = "dataset",
      .built = {"datasetReference", "location", "description", "friendlyName", "labels",
                "defaultTableExpirationMs", "defaultPartitionExpirationMs"},
      .output_only = {"kind", "etag", "id", "selfLink", "creationTime", "lastModifiedTime", "type",
                      "satisfiesPzs", "satisfiesPzi"},
      .unbuilt = {"access", "defaultEncryptionConfiguration", "defaultCollation",
                  "defaultRoundingMode", "isCaseInsensitive", "maxTimeTravelHours",
                  "storageBillingModel", "resourceTags", "tags", "linkedDatasetSource",
                  "externalDatasetReference", "externalCatalogDatasetOptions"}};
  return members;
}

const Members& TableMembers() {
  static const Members members{
      .where = "table",
      .built = {"tableReference", "schema", "timePartitioning", "rangePartitioning", "clustering",
                "requirePartitionFilter", "view", "description", "friendlyName", "labels",
                "expirationTime"},
      .output_only = {"kind", "etag", "id", "selfLink", "type", "location", "creationTime",
                      "lastModifiedTime", "numBytes", "numRows", "numLongTermBytes",
                      "numPhysicalBytes", "numTotalLogicalBytes", "numActiveLogicalBytes",
                      "numLongTermLogicalBytes", "numTotalPhysicalBytes", "numPartitions",
                      "streamingBuffer"},
      .unbuilt = {"externalDataConfiguration", "materializedView", "encryptionConfiguration",
                  "defaultCollation", "defaultRoundingMode", "tableConstraints", "maxStaleness",
                  "resourceTags", "snapshotDefinition", "cloneDefinition", "model",
                  "biglakeConfiguration", "tableReplicationInfo", "replicas",
                  "externalCatalogTableOptions", "partitionDefinition", "managedTableType"}};
  return members;
}

// Zero and absent both mean: never.
Result<std::optional<std::int64_t>> MillisMember(const JsonObject& object, std::string_view name) {
  const std::optional<std::int64_t> ms = TRY(Int64Member(object, name));
  if (ms.value_or(0) < 0) {
    return InvalidArgument(std::string(name) + " must not be negative", "invalid",
                           std::string(name));
  }
  return ms.value_or(0) == 0 ? std::optional<std::int64_t>() : ms;
}

Result<warehouse::TimePartitioning> ParseTimePartitioning(const JsonObject& object) {
  TRY(CheckMembers(object, {.where = "timePartitioning",
                            .built = {"type", "field", "expirationMs"},
                            .unbuilt = {"requirePartitionFilter"}}));
  warehouse::TimePartitioning by;
  by.type = TRY(RequiredText(object, "type", "timePartitioning"));
  constexpr std::string_view kTypes[] = {"HOUR", "DAY", "MONTH", "YEAR"};
  if (std::find(std::begin(kTypes), std::end(kTypes), by.type) == std::end(kTypes)) {
    return InvalidArgument("Invalid value for timePartitioning.type: \"" + by.type.substr(0, 100) +
                               "\" is not HOUR, DAY, MONTH or YEAR",
                           "invalid", "timePartitioning.type");
  }
  by.field = TRY(TextOr(object, "field"));
  by.expiration_ms = TRY(MillisMember(object, "expirationMs"));
  return by;
}

Result<warehouse::RangePartitioning> ParseRangePartitioning(const JsonObject& object) {
  constexpr std::string_view kRange = "rangePartitioning.range";
  TRY(CheckMembers(object, {.where = "rangePartitioning", .built = {"field", "range"}}));
  warehouse::RangePartitioning by;
  by.field = TRY(RequiredText(object, "field", "rangePartitioning"));
  const JsonObject* const range = TRY(ObjectMember(object, "range"));
  if (range == nullptr) {
    return InvalidArgument("Required parameter is missing: rangePartitioning.range", "required",
                           std::string(kRange));
  }
  TRY(CheckMembers(*range, {.where = kRange, .built = {"start", "end", "interval"}}));
  by.start = TRY(Int64Member(*range, "start")).value_or(0);
  by.end = TRY(Int64Member(*range, "end")).value_or(0);
  by.interval = TRY(Int64Member(*range, "interval")).value_or(0);
  if (by.interval <= 0 || by.end <= by.start) {
    return InvalidArgument("rangePartitioning.range needs start < end and interval > 0", "invalid",
                           std::string(kRange));
  }
  return by;
}

Status ParsePartitioning(const JsonObject& body, warehouse::Table& table) {
  if (const JsonObject* by = TRY(ObjectMember(body, "timePartitioning"))) {
    table.time_partitioning = TRY(ParseTimePartitioning(*by));
  }
  if (const JsonObject* by = TRY(ObjectMember(body, "rangePartitioning"))) {
    table.range_partitioning = TRY(ParseRangePartitioning(*by));
  }
  if (table.time_partitioning && table.range_partitioning) {
    return InvalidArgument("a table has timePartitioning or rangePartitioning, not both", "invalid",
                           "rangePartitioning");
  }
  if (const JsonObject* clustering = TRY(ObjectMember(body, "clustering"))) {
    TRY(CheckMembers(*clustering, {.where = "clustering", .built = {"fields"}}));
    table.clustering = TRY(TextArray(*clustering, "fields", "clustering"));
  }
  table.require_partition_filter = TRY(BoolMember(body, "requirePartitionFilter")).value_or(false);
  return {};
}

Status ParseView(const JsonObject& view, warehouse::Table& table) {
  TRY(CheckMembers(view, {.where = "view",
                          .built = {"query", "useLegacySql"},
                          .unbuilt = {"userDefinedFunctionResources", "useExplicitColumnNames",
                                      "privacyPolicy", "foreignDefinitions"}}));
  table.type = "VIEW";
  table.view_query = TRY(RequiredText(view, "query", "view"));
  if (TRY(BoolMember(view, "useLegacySql")).value_or(true)) {
    return InvalidArgument("Legacy SQL is not supported; set view.useLegacySql to false", "invalid",
                           "view.useLegacySql");
  }
  return {};
}

}  // namespace

Result<warehouse::Dataset> ParseDatasetBody(const JsonObject& body, std::string_view project) {
  TRY(CheckMembers(body, DatasetMembers()));
  warehouse::Dataset dataset;
  const JsonObject* const ref = TRY(ObjectMember(body, "datasetReference"));
  if (ref == nullptr) {
    return InvalidArgument("Required parameter is missing: datasetReference", "required",
                           "datasetReference");
  }
  TRY(CheckMembers(*ref, {.where = "datasetReference", .built = {"projectId", "datasetId"}}));
  TRY(CheckAgrees(*ref, "projectId", project));
  dataset.ref = {std::string(project), TRY(RequiredText(*ref, "datasetId", "datasetReference"))};
  dataset.location = TRY(TextOr(body, "location"));
  if (dataset.location.empty()) dataset.location = "US";
  dataset.description = TRY(TextOr(body, "description"));
  dataset.friendly_name = TRY(TextOr(body, "friendlyName"));
  dataset.labels = TRY(ParseLabels(body));
  dataset.default_table_expiration_ms = TRY(MillisMember(body, "defaultTableExpirationMs"));
  dataset.default_partition_expiration_ms = TRY(MillisMember(body, "defaultPartitionExpirationMs"));
  return dataset;
}

Result<warehouse::Table> ParseTableBody(const JsonObject& body, const warehouse::DatasetRef& in) {
  TRY(CheckMembers(body, TableMembers()));
  warehouse::Table table;
  const JsonObject* const ref = TRY(ObjectMember(body, "tableReference"));
  if (ref == nullptr) {
    return InvalidArgument("Required parameter is missing: tableReference", "required",
                           "tableReference");
  }
  TRY(CheckMembers(*ref,
                   {.where = "tableReference", .built = {"projectId", "datasetId", "tableId"}}));
  TRY(CheckAgrees(*ref, "projectId", in.project));
  TRY(CheckAgrees(*ref, "datasetId", in.dataset));
  table.ref = {in.project, in.dataset, TRY(RequiredText(*ref, "tableId", "tableReference"))};
  if (const JsonObject* schema = TRY(ObjectMember(body, "schema"))) {
    TRY(CheckMembers(*schema,
                     {.where = "schema", .built = {"fields"}, .unbuilt = {"foreignTypeInfo"}}));
    const JsonArray* const fields = TRY(ArrayMember(*schema, "fields"));
    if (fields != nullptr) table.schema = TRY(warehouse::ParseSchema(*fields));
  }
  TRY(ParsePartitioning(body, table));
  if (const JsonObject* view = TRY(ObjectMember(body, "view"))) TRY(ParseView(*view, table));
  table.description = TRY(TextOr(body, "description"));
  table.friendly_name = TRY(TextOr(body, "friendlyName"));
  table.labels = TRY(ParseLabels(body));
  if (const auto expiration = TRY(MillisMember(body, "expirationTime"))) {
    table.expiration = TimePoint(std::chrono::milliseconds(*expiration));
  }
  return table;
}

Result<TableTarget> ParseTableRef(const JsonObject& object, std::string_view where,
                                  std::string_view project) {
  TRY(CheckMembers(object, {.where = where, .built = {"projectId", "datasetId", "tableId"}}));
  TableTarget target;
  target.ref.project = TRY(TextOr(object, "projectId", project));
  if (target.ref.project.empty()) target.ref.project = project;
  target.ref.dataset = TRY(RequiredText(object, "datasetId", where));
  auto [table, partition] =
      TRY(warehouse::SplitDecorator(TRY(RequiredText(object, "tableId", where))));
  target.ref.table = std::move(table);
  target.partition = std::move(partition);
  return target;
}

warehouse::ResourcePatch ReplacingPatch(const JsonObject& current, const JsonObject& body,
                                        const std::vector<std::string_view>& replaceable) {
  warehouse::ResourcePatch patch;
  for (const auto& member : body) {
    const Json* const before = current.if_contains(member.key());
    if (before == nullptr || *before != member.value()) patch[member.key()] = member.value();
  }
  for (const std::string_view name : replaceable) {
    if (!body.contains(name) && current.contains(name)) patch[name] = nullptr;
  }
  // A patch of labels merges, so the ones that are gone are named.
  const Json* const before = current.if_contains("labels");
  Json* const after = patch.if_contains("labels");
  if (before == nullptr || after == nullptr || !after->is_object()) return patch;
  for (const auto& label : before->get_object()) {
    if (!after->get_object().contains(label.key())) after->get_object()[label.key()] = nullptr;
  }
  return patch;
}

}  // namespace landfall::api::bigquery_json
