#include "warehouse/load_target.h"

#include <algorithm>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

const Field* FindField(const Schema& schema, std::string_view name) {
  for (const Field& field : schema) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

Status Mismatch(const TableRef& table, const std::string& why) {
  return InvalidArgument("Provided Schema does not match Table " + ToString(table) + ". " + why);
}

std::string_view TypeOfDecorator(std::string_view partition) {
  switch (partition.size()) {
    case 4:
      return "YEAR";
    case 6:
      return "MONTH";
    case 10:
      return "HOUR";
    default:
      return "DAY";
  }
}

Result<std::shared_ptr<const Table>> Create(CatalogChange& change, const LoadConfig& config,
                                            const Schema* schema) {
  if (config.create_disposition == CreateDisposition::kNever)
    return TableNotFound(config.destination);
  if (schema == nullptr || schema->empty()) {
    return InvalidArgument("No schema specified on job or table " + ToString(config.destination));
  }
  Table table;
  table.ref = config.destination;
  table.schema = *schema;
  table.time_partitioning = config.time_partitioning;
  table.range_partitioning = config.range_partitioning;
  table.clustering = config.clustering;
  if (!config.partition.empty() && !table.time_partitioning) {
    table.time_partitioning = TimePartitioning{
        .type = std::string(TypeOfDecorator(config.partition)), .field = "", .expiration_ms = {}};
  }
  return change.CreateTable(std::move(table));
}

Status CheckPartitioning(const Table& table, const LoadConfig& config) {
  if (!config.time_partitioning) return {};
  const bool same =
      table.time_partitioning && table.time_partitioning->type == config.time_partitioning->type &&
      EqualsIgnoreCase(table.time_partitioning->field, config.time_partitioning->field);
  if (same) return {};
  return InvalidArgument("Incompatible table partitioning specification for table " +
                         ToString(table.ref));
}

// What the table's fields become: unknown ones are added at the end, REQUIRED may become NULLABLE,
// when allowed.
Result<bool> Merge(const TableRef& ref, const LoadConfig& config, const std::string& path,
                   Schema& fields, const Schema& given) {
  bool changed = false;
  for (const Field& wanted : given) {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) {
      return EqualsIgnoreCase(f.name, wanted.name);
    });
    const std::string name = path + wanted.name;
    if (found == fields.end()) {
      if (!config.allow_field_addition)
        return Mismatch(ref, "Cannot add fields (field: " + name + ")");
      fields.push_back(wanted);
      changed = true;
      continue;
    }
    if (found->type != wanted.type) {
      return Mismatch(ref, "Field " + name + " has changed type from " +
                               std::string(googlesql::WireTypeName(found->type)) + " to " +
                               std::string(googlesql::WireTypeName(wanted.type)));
    }
    if ((found->mode == Mode::kRepeated) != (wanted.mode == Mode::kRepeated)) {
      return Mismatch(ref, "Field " + name + " has changed mode from or to REPEATED");
    }
    if (found->mode == Mode::kNullable && wanted.mode == Mode::kRequired) {
      return Mismatch(ref, "Field " + name + " has changed mode from NULLABLE to REQUIRED");
    }
    if (found->mode == Mode::kRequired && wanted.mode == Mode::kNullable) {
      if (!config.allow_field_relaxation)
        return Mismatch(ref, "Field " + name + " has changed mode from REQUIRED to NULLABLE");
      found->mode = Mode::kNullable;
      changed = true;
    }
    if (found->type == googlesql::TypeKind::kStruct)
      changed |= TRY(Merge(ref, config, name + ".", found->fields, wanted.fields));
  }
  return changed;
}

Result<std::shared_ptr<const Table>> Update(CatalogChange& change, const LoadConfig& config,
                                            const Table& table, const Schema* schema) {
  if (table.type != "TABLE")
    return InvalidArgument("Cannot load into " + ToString(table.ref) + ": it is a " + table.type);
  TRY(CheckPartitioning(table, config));
  const bool replaces =
      config.write_disposition == WriteDisposition::kTruncate && config.partition.empty();
  Table to = table;
  bool changed = false;
  if (schema != nullptr) {
    Result<bool> merged = Merge(table.ref, config, "", to.schema, *schema);
    if (!merged.ok() && replaces) {
      // WRITE_TRUNCATE of a whole table takes the new schema, whatever the old one was.
      to.schema = *schema;
      TRY(change.DropTable(table.ref));
      return change.CreateTable(std::move(to));
    }
    changed = TRY(std::move(merged));
  }
  if (!changed) return change.FindTable(table.ref);
  return change.AlterTable(std::move(to));
}

Status ApplyDisposition(Connection& connection, const LoadConfig& config,
                        const LoadTarget& target) {
  const WriteDisposition write = config.write_disposition.value_or(WriteDisposition::kAppend);
  const std::string physical = PhysicalName(target.table->ref);
  const std::string where = target.decorated ? " WHERE " + target.decorated->predicate : "";
  if (write == WriteDisposition::kTruncate)
    return connection.Execute("DELETE FROM " + physical + where);
  if (write == WriteDisposition::kAppend) return {};
  QueryResult rows = TRY(connection.Run("SELECT 1 FROM " + physical + where + " LIMIT 1"));
  if (!TRY(rows.Next())) return {};
  return AlreadyExists("Already Exists: Table " + ToString(target.table->ref) +
                       (config.partition.empty() ? "" : "$" + config.partition));
}

// The target's fields as the files order them; a table's REQUIRED field that they lack is an error.
Result<Schema> ColumnsInFileOrder(const Table& table, const Schema* file_schema) {
  if (file_schema == nullptr) return table.schema;
  Schema columns;
  for (const Field& field : *file_schema) columns.push_back(*FindField(table.schema, field.name));
  for (const Field& field : table.schema) {
    if (field.mode == Mode::kRequired && FindField(columns, field.name) == nullptr) {
      return Mismatch(table.ref, "Field " + field.name + " is missing in new schema");
    }
  }
  return columns;
}

}  // namespace

Result<LoadTarget> PrepareTarget(CatalogChange& change, Connection& connection,
                                 const LoadConfig& config, const Schema* file_schema,
                                 TimePoint now) {
  const TableRef& ref = config.destination;
  if (!change.FindDataset({ref.project, ref.dataset}))
    return DatasetNotFound({ref.project, ref.dataset});
  const auto existing = change.FindTable(ref);
  LoadTarget target;
  target.table = existing ? TRY(Update(change, config, *existing, file_schema))
                          : TRY(Create(change, config, file_schema));
  const Table& table = *target.table;
  target.columns = TRY(ColumnsInFileOrder(table, file_schema));
  if (!config.partition.empty()) target.decorated = TRY(ResolvePartition(table, config.partition));
  if (IsIngestionPartitioned(table)) {
    target.partition_time = target.decorated ? target.decorated->start
                                             : PartitionStart(table.time_partitioning->type, now);
  } else if (target.decorated) {
    const auto column = std::find_if(
        target.columns.begin(), target.columns.end(),
        [&](const Field& f) { return EqualsIgnoreCase(f.name, target.decorated->column); });
    if (column == target.columns.end()) {
      return InvalidArgument("The files have no partitioning column " + target.decorated->column +
                             " for decorator $" + config.partition);
    }
    target.partition =
        PartitionBounds{.column = static_cast<std::size_t>(column - target.columns.begin()),
                        .start = target.decorated->start,
                        .end = target.decorated->end,
                        .id = config.partition};
  }
  TRY(ApplyDisposition(connection, config, target));
  return target;
}

std::string InsertColumns(const LoadTarget& target) {
  std::string list;
  const auto add = [&list](std::string_view name) {
    list += (list.empty() ? "" : ", ") + googlesql::QuoteIdentifier(name);
  };
  add(kLoadIdColumn);
  add(kObjectNoColumn);
  add(kRecordNoColumn);
  if (target.partition_time) add(kPartitionTimeColumn);
  for (const Field& field : target.columns) add(field.name);
  return list;
}

}  // namespace landfall::warehouse
