#include "warehouse/schema_ddl.h"

#include "base/text.h"
#include "googlesql/types.h"
#include "warehouse/catalog.h"

namespace landfall::warehouse {
namespace {

using googlesql::QuoteIdentifier;
using googlesql::TypeKind;

std::string DefaultPartition(std::string_view type) {
  return "(timezone('UTC', date_trunc('" + AsciiLower(type) + "', timezone('UTC', now()))))";
}

const Field* FindField(const Schema& schema, std::string_view name) {
  for (const Field& field : schema) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

Status CheckTimePartitioning(const Table& table) {
  const TimePartitioning& by = *table.time_partitioning;
  if (by.field.empty()) return {};
  const Field* const field = FindField(table.schema, by.field);
  if (field == nullptr) {
    return InvalidArgument("The field specified for partitioning cannot be found in the schema: " +
                           by.field);
  }
  const bool date = field->type == TypeKind::kDate,
             time = field->type == TypeKind::kTimestamp || field->type == TypeKind::kDatetime;
  if (field->mode == Mode::kRepeated || (!date && !time)) {
    return InvalidArgument(
        "The field specified for time partitioning can only be of type TIMESTAMP, DATE or "
        "DATETIME. "
        "The type found is: " +
        std::string(googlesql::WireTypeName(field->type)));
  }
  if (date && by.type == "HOUR")
    return InvalidArgument("HOUR partitioning needs a TIMESTAMP or DATETIME field");
  return {};
}

Status CheckRangePartitioning(const Table& table) {
  const Field* const field = FindField(table.schema, table.range_partitioning->field);
  if (field == nullptr || field->mode == Mode::kRepeated || field->type != TypeKind::kInt64) {
    return InvalidArgument("rangePartitioning.field must name an INTEGER column: " +
                           table.range_partitioning->field);
  }
  return {};
}

std::string ColumnConstraint(const Field& field) {
  switch (field.mode) {
    case Mode::kNullable:
      break;
    case Mode::kRequired:
      return " NOT NULL";
    case Mode::kRepeated:
      return " DEFAULT []";
  }
  return "";
}

class Differ {
 public:
  Differ(const Table& from, const Table& to)
      : from_(from), to_(to), name_(PhysicalName(from.ref)) {}

  Result<std::vector<std::string>> Run() {
    TRY(Diff(from_.schema, to_.schema, "", "", false));
    return std::move(statements_);
  }

 private:
  Status Mismatch(const std::string& what) const {
    return InvalidArgument("Provided Schema does not match Table " + ToString(to_.ref) + ". " +
                           what);
  }

  // `sql_path` is the quoted path with a dot behind it, where lists step through "element".
  Status Diff(const Schema& from, const Schema& to, const std::string& path,
              const std::string& sql_path, bool nested) {
    for (const Field& old : from) {
      if (FindField(to, old.name) == nullptr) {
        return Mismatch("Field " + path + old.name + " is missing in new schema");
      }
    }
    for (const Field& field : to) {
      const Field* const old = FindField(from, field.name);
      if (old == nullptr) {
        TRY(Add(field, path, sql_path));
      } else {
        TRY(Change(*old, field, path, sql_path, nested));
      }
    }
    return {};
  }

  Status Add(const Field& field, const std::string& path, const std::string& sql_path) {
    if (field.mode == Mode::kRequired) {
      return Mismatch("Cannot add required fields to an existing schema. (field: " + path +
                      field.name + ")");
    }
    std::string sql = "ALTER TABLE " + name_ + " ADD COLUMN " + sql_path +
                      QuoteIdentifier(field.name) + " " + TRY(googlesql::DuckDbType(TypeOf(field)));
    if (sql_path.empty()) sql += ColumnConstraint(field);
    statements_.push_back(std::move(sql));
    return {};
  }

  Status Change(const Field& old, const Field& field, const std::string& path,
                const std::string& sql_path, bool nested) {
    const std::string name = path + field.name;
    if (old.type != field.type) {
      return Mismatch("Field " + name + " has changed type from " +
                      std::string(googlesql::WireTypeName(old.type)) + " to " +
                      std::string(googlesql::WireTypeName(field.type)));
    }
    if (old.mode != field.mode) {
      if (old.mode != Mode::kRequired || field.mode != Mode::kNullable)
        return Mismatch("Field " + name + " has changed mode");
      if (!nested) {
        statements_.push_back("ALTER TABLE " + name_ + " ALTER COLUMN " +
                              QuoteIdentifier(field.name) + " DROP NOT NULL");
      }
    }
    const std::string step = field.mode == Mode::kRepeated ? ".element." : ".";
    return Diff(old.fields, field.fields, name + ".", sql_path + QuoteIdentifier(old.name) + step,
                true);
  }

  const Table& from_;
  const Table& to_;
  const std::string name_;
  std::vector<std::string> statements_;
};

}  // namespace

Status CheckTable(const Table& table) {
  for (const Field& field : table.schema) {
    (void)TRY(googlesql::DuckDbType(TypeOf(field)));
  }
  if (table.time_partitioning && table.range_partitioning) {
    return InvalidArgument("a table has timePartitioning or rangePartitioning, not both");
  }
  if (table.time_partitioning) TRY(CheckTimePartitioning(table));
  if (table.range_partitioning) TRY(CheckRangePartitioning(table));
  if (table.clustering.size() > 4)
    return InvalidArgument("clustering.fields has at most 4 columns");
  for (const std::string& column : table.clustering) {
    const Field* const field = FindField(table.schema, column);
    if (field == nullptr || field->mode == Mode::kRepeated || field->type == TypeKind::kStruct) {
      return InvalidArgument(
          "clustering.fields must name top-level, non-repeated columns of the schema: " + column);
    }
  }
  if (table.require_partition_filter && !table.time_partitioning && !table.range_partitioning) {
    return InvalidArgument("requirePartitionFilter needs a partitioned table");
  }
  return {};
}

Result<std::string> CreateTableSql(const Table& table) {
  std::string sql = "CREATE TABLE " + PhysicalName(table.ref) + " (";
  sql += QuoteIdentifier(kLoadIdColumn) + " UBIGINT, " + QuoteIdentifier(kObjectNoColumn) +
         " INTEGER, " + QuoteIdentifier(kRecordNoColumn) + " BIGINT";
  if (IsIngestionPartitioned(table)) {
    sql += ", " + QuoteIdentifier(kPartitionTimeColumn) + " TIMESTAMP WITH TIME ZONE DEFAULT " +
           DefaultPartition(table.time_partitioning->type);
  }
  for (const Field& field : table.schema) {
    sql += ", " + QuoteIdentifier(field.name) + " " + TRY(googlesql::DuckDbType(TypeOf(field))) +
           ColumnConstraint(field);
  }
  return sql + ")";
}

Result<std::vector<std::string>> AlterTableSql(const Table& from, const Table& to) {
  return Differ(from, to).Run();
}

}  // namespace landfall::warehouse
