#include "warehouse/system_tables.h"

#include "googlesql/types.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

constexpr std::string_view kSystem = "landfall_system", kLoads = "loads",
                           kLoadObjects = "load_objects";
constexpr std::string_view kViewDataset = "bigquery_loads", kView = "serverless_bq_loads";

// Columns as load_state.h lays them out; each is the control table's column of the same name.
struct SystemColumn {
  std::string_view name;
  TypeKind type = TypeKind::kInt64;
};
constexpr SystemColumn kLoadsColumns[] = {
    {"bucket", TypeKind::kString},
    {"object", TypeKind::kString},
    {"generation"},
    {"project", TypeKind::kString},
    {"dataset", TypeKind::kString},
    {"table", TypeKind::kString},
    {"partition", TypeKind::kString},
    {"batch_id", TypeKind::kString},
    {"status", TypeKind::kString},
    {"state", TypeKind::kString},
    {"attempt"},
    {"epoch"},
    {"file_count"},
    {"bytes"},
    {"rows"},
    {"rows_in"},
    {"rows_good"},
    {"rows_bad"},
    {"rows_duplicate"},
    {"rows_filtered"},
    {"reason", TypeKind::kString},
    {"error_code", TypeKind::kString},
    {"error", TypeKind::kString},
    {"rule", TypeKind::kString},
    {"config_hash", TypeKind::kString},
    {"manifest_hash", TypeKind::kString},
    {"worker", TypeKind::kString},
    {"jobs", TypeKind::kJson},
    {"seen_at", TypeKind::kTimestamp},
    {"planned_at", TypeKind::kTimestamp},
    {"committed_at", TypeKind::kTimestamp},
    {"not_before", TypeKind::kTimestamp},
};
constexpr SystemColumn kLoadObjectsColumns[] = {
    {"load_bucket", TypeKind::kString},
    {"load_object", TypeKind::kString},
    {"load_generation"},
    {"object_no"},
    {"bucket", TypeKind::kString},
    {"object", TypeKind::kString},
    {"generation"},
    {"size_bytes"},
    {"crc32c"},
    {"rows_in"},
    {"rows_good"},
    {"rows_bad"},
    {"rows_duplicate"},
    {"rows_filtered"},
    {"error", TypeKind::kString},
    {"load_id"},
};

template <std::size_t N>
Schema SchemaFrom(const SystemColumn (&columns)[N]) {
  Schema schema;
  for (const SystemColumn& column : columns) {
    Field field;
    field.name = column.name;
    field.type = column.type;
    schema.push_back(std::move(field));
  }
  return schema;
}

std::string ColumnList(const Schema& schema, std::string_view prefix) {
  std::string list;
  for (const Field& field : schema) {
    list +=
        (list.empty() ? "" : ", ") + std::string(prefix) + googlesql::QuoteIdentifier(field.name);
  }
  return list;
}

Table Describe(const std::string& project, std::string_view dataset, std::string_view name,
               Schema schema) {
  Table table;
  table.ref = {project, std::string(dataset), std::string(name)};
  table.location = "US";
  table.schema = std::move(schema);
  table.etag = "system";
  return table;
}

SystemTable Loads(const std::string& project) {
  SystemTable system{Describe(project, kSystem, kLoads, SchemaFrom(kLoadsColumns)), ""};
  system.physical =
      "(SELECT " + ColumnList(system.table.schema, "") +
      " FROM \"_landfall\".loads WHERE project = " + googlesql::QuoteLiteral(project) + ")";
  return system;
}

// An object's row carries no project; its load does.
SystemTable LoadObjects(const std::string& project) {
  SystemTable system{Describe(project, kSystem, kLoadObjects, SchemaFrom(kLoadObjectsColumns)), ""};
  system.physical =
      "(SELECT " + ColumnList(system.table.schema, "o.") +
      " FROM \"_landfall\".load_objects AS o JOIN \"_landfall\".loads AS l ON l.bucket = "
      "o.load_bucket AND "
      "l.object = o.load_object AND l.generation = o.load_generation WHERE l.project = " +
      googlesql::QuoteLiteral(project) + ")";
  return system;
}

SystemTable LoadsView(const std::string& project) {
  SystemTable system{Describe(project, kViewDataset, kView, SchemaFrom(kLoadsColumns)), ""};
  system.table.type = "VIEW";
  system.table.view_query =
      "SELECT * FROM `" + project + "." + std::string(kSystem) + "." + std::string(kLoads) + "`";
  return system;
}

}  // namespace

bool IsSystemDataset(std::string_view dataset) {
  return dataset == kSystem || dataset == kViewDataset;
}

std::vector<Dataset> SystemDatasets(std::string_view project) {
  std::vector<Dataset> datasets;
  for (const std::string_view name : {kViewDataset, kSystem}) {
    Dataset dataset;
    dataset.ref = {std::string(project), std::string(name)};
    dataset.description = "Landfall's load state, read-only";
    dataset.etag = "system";
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

std::optional<SystemTable> FindSystemTable(const TableRef& ref) {
  if (ref.dataset == kSystem && ref.table == kLoads) return Loads(ref.project);
  if (ref.dataset == kSystem && ref.table == kLoadObjects) return LoadObjects(ref.project);
  if (ref.dataset == kViewDataset && ref.table == kView) return LoadsView(ref.project);
  return std::nullopt;
}

std::vector<Table> SystemTables(const DatasetRef& ref) {
  if (ref.dataset == kSystem) return {LoadObjects(ref.project).table, Loads(ref.project).table};
  if (ref.dataset == kViewDataset) return {LoadsView(ref.project).table};
  return {};
}

}  // namespace landfall::warehouse
