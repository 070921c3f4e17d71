#include "warehouse/resource_patch.h"

#include "base/text.h"
#include "warehouse/catalog_record.h"
#include "warehouse/rest_keys.h"

namespace landfall::warehouse {
namespace {

bool Has(const ResourcePatch& patch, std::string_view name) {
  return patch.if_contains(name) != nullptr;
}

Status PatchText(const ResourcePatch& patch, std::string_view name, std::string& text) {
  if (Has(patch, name)) text = TRY(StringMember(patch, name)).value_or("");
  return {};
}

// null clears all labels; a null value removes one.
Status PatchLabels(const ResourcePatch& patch, Labels& labels) {
  if (!Has(patch, "labels")) return {};
  const JsonObject* const changes = TRY(ObjectMember(patch, "labels"));
  if (changes == nullptr) {
    labels.clear();
    return {};
  }
  JsonObject merged = LabelsJson(labels);
  for (const auto& member : *changes) {
    if (member.value().is_null()) {
      merged.erase(member.key());
    } else {
      merged[member.key()] = member.value();
    }
  }
  labels = TRY(ParseLabels(merged));
  return {};
}

Status PatchMs(const ResourcePatch& patch, std::string_view name, std::optional<std::int64_t>& ms) {
  if (!Has(patch, name)) return {};
  ms = TRY(Int64Member(patch, name));
  if (ms.value_or(0) < 0) return InvalidArgument(std::string(name) + " must not be negative");
  if (ms == 0) ms.reset();
  return {};
}

Status PatchPartitioning(const ResourcePatch& patch, Table& table) {
  if (!Has(patch, "timePartitioning")) return {};
  const JsonObject* const by = TRY(ObjectMember(patch, "timePartitioning"));
  if (by == nullptr || !table.time_partitioning) {
    return by == nullptr && !table.time_partitioning
               ? Status()
               : InvalidArgument("Cannot change partitioning of table " + ToString(table.ref));
  }
  const TimePartitioning wanted = TRY(ParseTimePartitioning(*by, "timePartitioning"));
  if (wanted.type != table.time_partitioning->type ||
      wanted.field != table.time_partitioning->field) {
    return InvalidArgument("Cannot change the type or field of the partitioning of table " +
                           ToString(table.ref));
  }
  table.time_partitioning->expiration_ms = wanted.expiration_ms;
  return {};
}

Status PatchSchema(const ResourcePatch& patch, Table& table) {
  const JsonObject* const schema = TRY(ObjectMember(patch, "schema"));
  if (schema == nullptr) return {};
  if (table.type == "VIEW")
    return InvalidArgument("the schema of view " + ToString(table.ref) + " follows from its query");
  const JsonArray* const fields = TRY(ArrayMember(*schema, "fields"));
  if (fields == nullptr)
    return InvalidArgument("Required parameter is missing: schema.fields", "required",
                           "schema.fields");
  table.schema = TRY(ParseSchema(*fields));
  return {};
}

}  // namespace

Result<Dataset> PatchedDataset(Dataset dataset, const ResourcePatch& patch) {
  TRY(CheckKeys(
      patch, {.where = "dataset",
              .built = {"description", "friendlyName", "labels", "defaultTableExpirationMs",
                        "defaultPartitionExpirationMs"},
              .output_only = {"kind", "etag", "id", "selfLink", "creationTime", "lastModifiedTime",
                              "datasetReference", "location", "type"},
              .unbuilt = {"access", "defaultEncryptionConfiguration", "defaultCollation",
                          "defaultRoundingMode", "isCaseInsensitive", "maxTimeTravelHours",
                          "storageBillingModel", "resourceTags", "tags", "linkedDatasetSource",
                          "externalDatasetReference", "externalCatalogDatasetOptions"}}));
  if (const auto location = TRY(StringMember(patch, "location"));
      location && *location != dataset.location) {
    return InvalidArgument("Cannot change the location of dataset " + ToString(dataset.ref));
  }
  TRY(PatchText(patch, "description", dataset.description));
  TRY(PatchText(patch, "friendlyName", dataset.friendly_name));
  TRY(PatchLabels(patch, dataset.labels));
  TRY(PatchMs(patch, "defaultTableExpirationMs", dataset.default_table_expiration_ms));
  TRY(PatchMs(patch, "defaultPartitionExpirationMs", dataset.default_partition_expiration_ms));
  return dataset;
}

Result<Table> PatchedTable(Table table, const ResourcePatch& patch) {
  TRY(CheckKeys(
      patch,
      {.where = "table",
       .built = {"description", "friendlyName", "labels", "expirationTime", "schema",
                 "timePartitioning", "requirePartitionFilter", "view"},
       .output_only = {"kind", "etag", "id", "selfLink", "tableReference", "type", "creationTime",
                       "location", "lastModifiedTime", "numBytes", "numRows", "numLongTermBytes",
                       "numTotalLogicalBytes", "numActiveLogicalBytes", "numPhysicalBytes"},
       .unbuilt = {"rangePartitioning", "clustering", "externalDataConfiguration",
                   "materializedView", "encryptionConfiguration", "defaultCollation",
                   "defaultRoundingMode", "tableConstraints", "maxStaleness", "resourceTags",
                   "snapshotDefinition", "cloneDefinition", "streamingBuffer"}}));
  TRY(PatchText(patch, "description", table.description));
  TRY(PatchText(patch, "friendlyName", table.friendly_name));
  TRY(PatchLabels(patch, table.labels));
  if (Has(patch, "expirationTime")) {
    const std::optional<std::int64_t> ms = TRY(Int64Member(patch, "expirationTime"));
    table.expiration.reset();
    if (ms.value_or(0) != 0) table.expiration = TimePoint(std::chrono::milliseconds(*ms));
  }
  TRY(PatchSchema(patch, table));
  TRY(PatchPartitioning(patch, table));
  if (Has(patch, "requirePartitionFilter")) {
    table.require_partition_filter =
        TRY(BoolMember(patch, "requirePartitionFilter")).value_or(false);
  }
  if (const JsonObject* view = TRY(ObjectMember(patch, "view"))) {
    if (table.type != "VIEW")
      return InvalidArgument("table " + ToString(table.ref) + " is not a view");
    if (const auto query = TRY(StringMember(*view, "query"))) table.view_query = *query;
  }
  return table;
}

Status CheckDatasetId(const DatasetRef& ref) {
  if (ref.project.empty())
    return InvalidArgument("Required parameter is missing: projectId", "required");
  bool fine = !ref.dataset.empty() && ref.dataset.size() <= 1024;
  for (const char c : ref.dataset) {
    fine = fine &&
           ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  }
  if (fine) return {};
  return InvalidArgument("Invalid dataset ID \"" + ref.dataset +
                         "\". Dataset IDs must be alphanumeric (plus underscores) and "
                         "must be at most 1024 characters long.");
}

Status CheckTableId(const TableRef& ref) {
  bool fine = !ref.table.empty() && ref.table.size() <= 1024 && IsValidUtf8(ref.table);
  for (const char c : ref.table) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == ' ';
    fine = fine && (!ascii || plain);
  }
  if (fine) return {};
  return InvalidArgument("Invalid table ID \"" + ref.table +
                         "\". Table IDs are 1 to 1024 bytes of letters, marks, digits, "
                         "connectors, dashes and spaces.");
}

}  // namespace landfall::warehouse
