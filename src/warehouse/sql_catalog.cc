#include "warehouse/sql_catalog.h"

#include "base/text.h"
#include "warehouse/system_tables.h"

namespace landfall::warehouse {
namespace {

using googlesql::Column;
using googlesql::QuoteIdentifier;
using googlesql::TypeKind;

Column Visible(const Field& field) {
  Column column;
  column.name = field.name;
  column.type = TypeOf(field);
  column.physical = QuoteIdentifier(field.name);
  column.required = field.mode == Mode::kRequired;
  return column;
}

Column Hidden(std::string_view name, TypeKind kind, std::string physical) {
  Column column;
  column.name = name;
  column.type.kind = kind;
  column.physical = std::move(physical);
  column.hidden = true;
  column.writable = false;
  return column;
}

void AddHidden(const Table& table, std::vector<Column>& columns) {
  for (const std::string_view name : {kLoadIdColumn, kObjectNoColumn, kRecordNoColumn}) {
    columns.push_back(Hidden(name, TypeKind::kInt64, QuoteIdentifier(name)));
  }
  if (!IsIngestionPartitioned(table)) return;
  const std::string time = QuoteIdentifier(kPartitionTimeColumn);
  columns.push_back(Hidden(kPartitionTimeColumn, TypeKind::kTimestamp, time));
  columns.push_back(
      Hidden("_PARTITIONDATE", TypeKind::kDate, "CAST(timezone('UTC', " + time + ") AS DATE)"));
}

googlesql::Relation RelationOf(const Table& table) {
  googlesql::Relation relation;
  relation.path = {table.ref.project, table.ref.dataset, table.ref.table};
  relation.view_sql = table.view_query;
  relation.writable = table.type == "TABLE";
  if (table.type == "VIEW") return relation;
  for (const Field& field : table.schema) relation.columns.push_back(Visible(field));
  return relation;
}

}  // namespace

Field FieldOf(std::string name, const googlesql::Type& type) {
  Field field;
  field.name = std::move(name);
  const googlesql::Type& element = type.is_array() ? *type.element : type;
  field.mode = type.is_array() ? Mode::kRepeated : Mode::kNullable;
  field.type = element.kind;
  for (const googlesql::StructField& child : element.fields)
    field.fields.push_back(FieldOf(child.name, child.type));
  return field;
}

Result<std::optional<googlesql::Relation>> SqlCatalog::Find(
    const googlesql::TablePath& path) const {
  if (path.dataset.find("INFORMATION_SCHEMA") != std::string::npos) {
    return Unimplemented("INFORMATION_SCHEMA." + path.table + " is not supported yet",
                         "notImplemented", "query");
  }
  const TableRef ref{path.project, path.dataset, path.table};
  if (IsSystemDataset(ref.dataset)) {
    const std::optional<SystemTable> system = FindSystemTable(ref);
    if (!system) return std::optional<googlesql::Relation>();
    googlesql::Relation relation = RelationOf(system->table);
    relation.physical = system->physical;
    relation.writable = false;
    return std::optional(std::move(relation));
  }
  const auto dataset = catalog_.FindDataset({ref.project, ref.dataset});
  if (!dataset) {
    return NotFound("Not found: Dataset " + ToString(DatasetRef{ref.project, ref.dataset}) +
                    " was not found in location US");
  }
  const auto table = catalog_.FindTable(ref);
  if (!table) return TableNotFound(ref, dataset->location);
  googlesql::Relation relation = RelationOf(*table);
  if (table->type == "VIEW") return std::optional(std::move(relation));
  relation.physical = PhysicalName(ref);
  AddHidden(*table, relation.columns);
  relation.require_partition_filter = table->require_partition_filter;
  if (table->time_partitioning) {
    relation.partition_column = IsIngestionPartitioned(*table) ? std::string(kPartitionTimeColumn)
                                                               : table->time_partitioning->field;
  } else if (table->range_partitioning) {
    relation.partition_column = table->range_partitioning->field;
  }
  return std::optional(std::move(relation));
}

}  // namespace landfall::warehouse
