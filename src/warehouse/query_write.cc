// Rows of a query into a table.
#include <algorithm>

#include "base/text.h"
#include "warehouse/partition.h"
#include "warehouse/query_job.h"
#include "warehouse/sql_catalog.h"

namespace landfall::warehouse {
namespace {

using googlesql::OutputColumn;
using googlesql::QuoteIdentifier;

constexpr std::string_view kStage = "landfall_stage";

bool Reads(const googlesql::Statement& statement, const TableRef& target) {
  return std::any_of(statement.referenced_tables.begin(), statement.referenced_tables.end(),
                     [&](const auto& path) {
                       return path.project == target.project && path.dataset == target.dataset &&
                              path.table == target.table;
                     });
}

const Field* FindField(const Schema& schema, const std::string& name) {
  for (const Field& field : schema) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

// Whether rows of these columns fit the table as it is.
Status CheckColumns(const Table& table, const std::vector<OutputColumn>& columns) {
  const auto refuse = [&](const std::string& what) {
    return InvalidArgument("Provided Schema does not match Table " + ToString(table.ref) + ". " +
                           what);
  };
  for (const OutputColumn& column : columns) {
    const Field* const field = FindField(table.schema, column.name);
    if (field == nullptr) return refuse("Cannot add fields (field: " + column.name + ")");
    if (!(TypeOf(*field) == column.type)) {
      return refuse("Field " + column.name + " has changed type from " +
                    googlesql::TypeName(TypeOf(*field)) + " to " +
                    googlesql::TypeName(column.type));
    }
  }
  for (const Field& field : table.schema) {
    const bool given = std::any_of(columns.begin(), columns.end(), [&](const OutputColumn& column) {
      return EqualsIgnoreCase(column.name, field.name);
    });
    if (!given && field.mode == Mode::kRequired)
      return refuse("Field " + field.name + " is missing in new schema");
  }
  return {};
}

Result<bool> IsEmpty(Connection& connection, const Table& table, const std::string& predicate) {
  QueryResult any = TRY(connection.Run("SELECT 1 FROM " + PhysicalName(table.ref) + " WHERE " +
                                       predicate + " LIMIT 1"));
  return !TRY(any.Next());
}

Table FreshTable(const TableRef& ref, const std::vector<OutputColumn>& columns) {
  Table table;
  table.ref = ref;
  for (const OutputColumn& column : columns)
    table.schema.push_back(FieldOf(column.name, column.type));
  return table;
}

// The destination, ready to take the rows.
Result<std::shared_ptr<const Table>> PrepareDestination(const QueryExecution& execution,
                                                        CatalogChange& change) {
  const QueryConfig& config = execution.config;
  const TableRef& ref = *config.destination;
  auto table = change.FindTable(ref);
  if (!table) {
    if (config.create_disposition == CreateDisposition::kNever) return TableNotFound(ref);
    Table fresh = FreshTable(ref, execution.statement.columns);
    if (!config.destination_partition.empty()) fresh.time_partitioning = TimePartitioning{};
    return change.CreateTable(std::move(fresh));
  }
  if (table->type == "VIEW") return InvalidArgument("Cannot write to view " + ToString(ref));
  std::string predicate = "true";
  if (!config.destination_partition.empty()) {
    predicate = TRY(ResolvePartition(*table, config.destination_partition)).predicate;
  }
  switch (config.write_disposition) {
    case WriteDisposition::kAppend:
      TRY(CheckColumns(*table, execution.statement.columns));
      return table;
    case WriteDisposition::kEmpty:
      if (!TRY(IsEmpty(execution.run.connection, *table, predicate))) {
        return AlreadyExists("Already Exists: Table " + ToString(ref));
      }
      TRY(CheckColumns(*table, execution.statement.columns));
      return table;
    case WriteDisposition::kTruncate:
      break;
  }
  const Schema wanted = FreshTable(ref, execution.statement.columns).schema;
  const bool same_schema = CheckColumns(*table, execution.statement.columns).ok() &&
                           wanted.size() == table->schema.size();
  if (same_schema || !config.destination_partition.empty()) {
    TRY(CheckColumns(*table, execution.statement.columns));
    TRY(execution.run.connection.Execute("DELETE FROM " + PhysicalName(ref) + " WHERE " +
                                         predicate));
    return table;
  }
  // Another schema replaces the table; what else it is stays.
  Table replaced = *table;
  replaced.schema = wanted;
  TRY(change.DropTable(ref));
  return change.CreateTable(std::move(replaced));
}

}  // namespace

Result<std::int64_t> InsertQueryRows(const QueryExecution& execution, const Table& table,
                                     const std::string& sql,
                                     const std::vector<OutputColumn>& columns,
                                     const std::string& partition) {
  std::string names, values, aliases, where;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string comma = i == 0 ? "" : ", ";
    const std::string alias = "c" + std::to_string(i);
    names += comma + QuoteIdentifier(columns[i].name);
    aliases += comma + alias;
    values += comma + (columns[i].type.is_array() ? "coalesce(" + alias + ", [])" : alias);
  }
  if (!partition.empty()) {
    const Partition into = TRY(ResolvePartition(table, partition));
    if (IsIngestionPartitioned(table)) {
      names += ", " + QuoteIdentifier(kPartitionTimeColumn);
      values += ", make_timestamptz(" + std::to_string(ToMicros(into.start)) + ")";
    } else {
      where = " WHERE CASE WHEN " + into.predicate +
              " THEN true ELSE error('LF: Some rows belong to different partitions " +
              "rather than destination partition " + table.ref.table + "$" + partition + "') END";
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!EqualsIgnoreCase(columns[i].name, into.column)) continue;
        const std::string quoted = QuoteIdentifier(into.column), alias = "c" + std::to_string(i);
        for (std::size_t at = 0; (at = where.find(quoted, at)) != std::string::npos;
             at += alias.size()) {
          where.replace(at, quoted.size(), alias);
        }
      }
    }
  }
  const QueryResult inserted =
      TRY(RunSql(execution,
                 "INSERT INTO " + PhysicalName(table.ref) + " (" + names + ") SELECT " + values +
                     " FROM (" + sql + ") AS q(" + aliases + ")" + where,
                 false));
  return static_cast<std::int64_t>(inserted.rows_changed());
}

Stage::Stage(const QueryExecution& execution, const TableRef& target)
    : execution_(execution), needed_(Reads(execution.statement, target)) {}

Stage::~Stage() {
  if (needed_)
    (void)execution_.run.connection.Execute("DROP TABLE IF EXISTS temp." + std::string(kStage));
}

Result<std::string> Stage::Sql() {
  if (!needed_) return execution_.statement.duckdb_sql;
  TRY(execution_.run.connection.Execute("DROP TABLE IF EXISTS temp." + std::string(kStage)));
  (void)TRY(
      RunSql(execution_,
             "CREATE TEMP TABLE " + std::string(kStage) + " AS " + execution_.statement.duckdb_sql,
             false));
  return "SELECT * FROM temp." + std::string(kStage);
}

Status RunSelectInto(const QueryExecution& execution) {
  JobRun& run = execution.run;
  Stage stage(execution, *execution.config.destination);
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(execution.services.catalog, run.connection);
  const std::string sql = TRY(stage.Sql());
  const auto table = TRY(PrepareDestination(execution, change));
  run.job.total_rows = TRY(InsertQueryRows(execution, *table, sql, execution.statement.columns,
                                           execution.config.destination_partition));
  run.job.destination = execution.config.destination;
  run.job.destination_partition = execution.config.destination_partition;
  return run.CommitDone(transaction, &change);
}

}  // namespace landfall::warehouse
