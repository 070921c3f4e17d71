// CREATE, DROP: carried out through the catalog.
#include <cmath>

#include "warehouse/catalog_record.h"
#include "warehouse/cell.h"
#include "warehouse/query_job.h"
#include "warehouse/sql_catalog.h"

namespace landfall::warehouse {
namespace {

using googlesql::Option;
using googlesql::Statement;
using googlesql::StatementKind;

constexpr double kMsPerDay = 86'400'000;

Status BadOption(const Option& option, std::string_view wanted) {
  return InvalidArgument("Option " + option.name + " must be " + std::string(wanted),
                         "invalidQuery", "query");
}

Status UnknownOption(const Option& option) {
  return Unimplemented("OPTIONS(" + option.name + ") is not supported yet", "notImplemented",
                       "query");
}

Result<std::string> TextOf(const Option& option) {
  if (std::holds_alternative<std::monostate>(option.value)) return std::string();
  if (const auto* text = std::get_if<std::string>(&option.value)) return *text;
  return BadOption(option, "a string");
}

Result<std::optional<std::int64_t>> DaysAsMs(const Option& option) {
  if (std::holds_alternative<std::monostate>(option.value)) return std::optional<std::int64_t>();
  if (const auto* days = std::get_if<std::int64_t>(&option.value)) {
    return std::optional<std::int64_t>(*days * static_cast<std::int64_t>(kMsPerDay));
  }
  if (const auto* days = std::get_if<double>(&option.value)) {
    return std::optional<std::int64_t>(std::llround(*days * kMsPerDay));
  }
  return BadOption(option, "a number of days");
}

Result<Labels> LabelsOf(const Option& option) {
  if (std::holds_alternative<std::monostate>(option.value)) return Labels();
  const auto* pairs = std::get_if<std::vector<std::pair<std::string, std::string>>>(&option.value);
  if (pairs == nullptr) return BadOption(option, "an array of (key, value) pairs");
  JsonObject labels;
  for (const auto& [key, value] : *pairs) labels[key] = value;
  return ParseLabels(labels);
}

Result<std::optional<TimePoint>> InstantOf(const Option& option) {
  const std::string text = TRY(TextOf(option));
  if (text.empty()) return std::optional<TimePoint>();
  std::int64_t micros = 0;
  if (ParseTimestampCell(text, micros) != CellError::kNone) return BadOption(option, "a TIMESTAMP");
  return std::optional<TimePoint>(FromMicros(micros));
}

Status ApplyOption(const Option& option, Table& table) {
  if (option.name == "description") {
    table.description = TRY(TextOf(option));
  } else if (option.name == "friendly_name") {
    table.friendly_name = TRY(TextOf(option));
  } else if (option.name == "labels") {
    table.labels = TRY(LabelsOf(option));
  } else if (option.name == "expiration_timestamp") {
    table.expiration = TRY(InstantOf(option));
  } else if (option.name == "require_partition_filter") {
    const auto* flag = std::get_if<bool>(&option.value);
    if (flag == nullptr) return BadOption(option, "TRUE or FALSE");
    table.require_partition_filter = *flag;
  } else if (option.name == "partition_expiration_days") {
    if (!table.time_partitioning) return BadOption(option, "used with a table partitioned by time");
    table.time_partitioning->expiration_ms = TRY(DaysAsMs(option));
  } else {
    return UnknownOption(option);
  }
  return {};
}

Status ApplyOption(const Option& option, Dataset& dataset) {
  if (option.name == "description") {
    dataset.description = TRY(TextOf(option));
  } else if (option.name == "friendly_name") {
    dataset.friendly_name = TRY(TextOf(option));
  } else if (option.name == "location") {
    dataset.location = TRY(TextOf(option));
  } else if (option.name == "labels") {
    dataset.labels = TRY(LabelsOf(option));
  } else if (option.name == "default_table_expiration_days") {
    dataset.default_table_expiration_ms = TRY(DaysAsMs(option));
  } else if (option.name == "default_partition_expiration_days") {
    dataset.default_partition_expiration_ms = TRY(DaysAsMs(option));
  } else {
    return UnknownOption(option);
  }
  return {};
}

TableRef TargetOf(const Statement& statement) {
  return {statement.target->project, statement.target->dataset, statement.target->table};
}

Result<Table> WantedTable(const Statement& statement) {
  const googlesql::CreateTable& create = statement.create_table;
  Table table;
  table.ref = TargetOf(statement);
  for (const googlesql::ColumnDef& column : create.columns) {
    Field field = FieldOf(column.name, column.type);
    if (column.required && field.mode == Mode::kNullable) field.mode = Mode::kRequired;
    field.description = column.description;
    table.schema.push_back(std::move(field));
  }
  if (create.partition_by && create.partition_by->type == "RANGE") {
    const googlesql::PartitionBy& by = *create.partition_by;
    table.range_partitioning =
        RangePartitioning{by.column, by.range_start, by.range_end, by.range_interval};
  } else if (create.partition_by) {
    table.time_partitioning =
        TimePartitioning{create.partition_by->type, create.partition_by->column, std::nullopt};
  }
  table.clustering = create.cluster_by;
  for (const Option& option : create.options) TRY(ApplyOption(option, table));
  return table;
}

// What CREATE has to do when the name is taken: "REPLACE", "SKIP", or an error; "CREATE" when it is
// free.
Result<std::string> CreateOperation(const std::shared_ptr<const Table>& there, bool or_replace,
                                    bool if_not_exists) {
  if (!there) return std::string("CREATE");
  if (or_replace) return std::string("REPLACE");
  if (if_not_exists) return std::string("SKIP");
  return AlreadyExists("Already Exists: Table " + ToString(there->ref));
}

Status RunCreateTable(const QueryExecution& execution) {
  JobRun& run = execution.run;
  const Statement& statement = execution.statement;
  const bool with_rows = statement.kind == StatementKind::kCreateTableAsSelect;
  Stage stage(execution, TargetOf(statement));
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(execution.services.catalog, run.connection);
  const auto there = change.FindTable(TargetOf(statement));
  run.job.ddl_operation = TRY(CreateOperation(there, statement.create_table.or_replace,
                                              statement.create_table.if_not_exists));
  run.job.ddl_target = TargetOf(statement);
  run.job.destination = TargetOf(statement);
  if (run.job.ddl_operation != "SKIP") {
    const std::string sql = with_rows ? TRY(stage.Sql()) : std::string();
    if (there) TRY(change.DropTable(there->ref));
    const auto table = TRY(change.CreateTable(TRY(WantedTable(statement))));
    if (with_rows)
      run.job.total_rows = TRY(InsertQueryRows(execution, *table, sql, statement.columns, ""));
  }
  return run.CommitDone(transaction, &change);
}

// A view is stored as its query text, which names the columns; a list of other names has no place
// yet.
Status CheckViewColumns(const QueryExecution& execution) {
  QueryConfig config = execution.config;
  config.sql = execution.statement.create_view.query_sql;
  Job ignored = execution.run.job;
  const Statement query =
      TRY(AnalyzeQuery(execution.services, execution.run.connection, config, ignored));
  const std::vector<std::string>& names = execution.statement.create_view.column_names;
  for (std::size_t i = 0; i < names.size() && i < query.columns.size(); ++i) {
    if (names[i] == query.columns[i].name) continue;
    return Unimplemented(
        "the column list of CREATE VIEW is not supported yet; name the columns in the query",
        "notImplemented", "query");
  }
  return {};
}

Status RunCreateView(const QueryExecution& execution) {
  JobRun& run = execution.run;
  const Statement& statement = execution.statement;
  Table view;
  view.ref = TargetOf(statement);
  view.type = "VIEW";
  view.view_query = statement.create_view.query_sql;
  for (std::size_t i = 0; i < statement.columns.size(); ++i) {
    view.schema.push_back(FieldOf(statement.columns[i].name, statement.columns[i].type));
  }
  for (const Option& option : statement.create_view.options) TRY(ApplyOption(option, view));
  TRY(CheckViewColumns(execution));
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(execution.services.catalog, run.connection);
  const auto there = change.FindTable(view.ref);
  if (there && there->type != "VIEW" && statement.create_view.or_replace) {
    return InvalidArgument(ToString(view.ref) +
                           " is not allowed for this operation because it is currently a TABLE.");
  }
  run.job.ddl_operation = TRY(CreateOperation(there, statement.create_view.or_replace,
                                              statement.create_view.if_not_exists));
  run.job.ddl_target = view.ref;
  if (run.job.ddl_operation != "SKIP") {
    if (there) TRY(change.DropTable(there->ref));
    (void)TRY(change.CreateTable(std::move(view)));
  }
  return run.CommitDone(transaction, &change);
}

Status RunDropTable(const QueryExecution& execution) {
  JobRun& run = execution.run;
  const TableRef ref = TargetOf(execution.statement);
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(execution.services.catalog, run.connection);
  const auto there = change.FindTable(ref);
  const std::string wanted =
      execution.statement.kind == StatementKind::kDropView ? "VIEW" : "TABLE";
  if (!there && !execution.statement.drop.if_exists) return TableNotFound(ref);
  if (there && there->type != wanted) {
    return InvalidArgument("Cannot drop " + ToString(ref) + " which has type " + there->type +
                               ". An object with that name " + "exists but is not a " + wanted,
                           "invalidQuery", "query");
  }
  run.job.ddl_operation = there ? "DROP" : "SKIP";
  run.job.ddl_target = ref;
  if (there) TRY(change.DropTable(ref));
  return run.CommitDone(transaction, &change);
}

Status RunSchema(const QueryExecution& execution) {
  JobRun& run = execution.run;
  const Statement& statement = execution.statement;
  const DatasetRef ref{statement.target->project, statement.target->dataset};
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(execution.services.catalog, run.connection);
  const bool there = change.FindDataset(ref) != nullptr;
  run.job.ddl_target = TableRef{ref.project, ref.dataset, ""};
  if (statement.kind == StatementKind::kCreateSchema) {
    run.job.ddl_operation = there && statement.create_table.if_not_exists ? "SKIP" : "CREATE";
    Dataset dataset;
    dataset.ref = ref;
    for (const Option& option : statement.create_table.options) TRY(ApplyOption(option, dataset));
    if (run.job.ddl_operation == "CREATE") (void)TRY(change.CreateDataset(std::move(dataset)));
  } else {
    run.job.ddl_operation = !there && statement.drop.if_exists ? "SKIP" : "DROP";
    if (run.job.ddl_operation == "DROP") TRY(change.DropDataset(ref, statement.drop.cascade));
  }
  return run.CommitDone(transaction, &change);
}

}  // namespace

Status RunDdl(const QueryExecution& execution) {
  switch (execution.statement.kind) {
    case StatementKind::kCreateTable:
    case StatementKind::kCreateTableAsSelect:
      return RunCreateTable(execution);
    case StatementKind::kCreateView:
      return RunCreateView(execution);
    case StatementKind::kDropTable:
    case StatementKind::kDropView:
      return RunDropTable(execution);
    case StatementKind::kCreateSchema:
    case StatementKind::kDropSchema:
      return RunSchema(execution);
    case StatementKind::kSelect:
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kMerge:
    case StatementKind::kTruncate:
      break;
  }
  return Internal("not a DDL statement");
}

}  // namespace landfall::warehouse
