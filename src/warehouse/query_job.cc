#include "warehouse/query_job.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "warehouse/query_params.h"
#include "warehouse/result_rows.h"
#include "warehouse/size_estimate.h"
#include "warehouse/sql_catalog.h"

namespace landfall::warehouse {
namespace {

using googlesql::Statement;
using googlesql::StatementKind;
using googlesql::TablePath;

Result<std::int64_t> EstimateBytes(const Catalog& catalog, Connection& connection,
                                   const Statement& statement) {
  std::map<TableRef, std::set<std::string>> columns;
  for (const auto& [path, column] : statement.referenced_columns) {
    columns[{path.project, path.dataset, path.table}].insert(AsciiLower(column));
  }
  std::int64_t bytes = 0;
  for (const auto& [ref, names] : columns) {
    const auto table = catalog.FindTable(ref);
    if (!table || table->type == "VIEW") continue;
    std::int64_t row_bytes = 0;
    for (const Field& field : table->schema) {
      if (names.contains(AsciiLower(field.name))) row_bytes += LikelyBytes(field);
    }
    QueryResult count = TRY(connection.Run("SELECT count(*) FROM " + PhysicalName(ref)));
    if (TRY(count.Next())) bytes += count.Int64(0) * row_bytes;
  }
  return bytes;
}

bool IsDml(StatementKind kind) {
  return kind == StatementKind::kInsert || kind == StatementKind::kUpdate ||
         kind == StatementKind::kDelete || kind == StatementKind::kMerge ||
         kind == StatementKind::kTruncate;
}

// The tables the statement writes, for their locks; a dataset is the table with the empty name.
std::vector<TableRef> WrittenTables(const QueryConfig& config, const Statement& statement) {
  std::vector<TableRef> written;
  if (statement.target)
    written.push_back(
        {statement.target->project, statement.target->dataset, statement.target->table});
  if (config.destination && statement.kind == StatementKind::kSelect)
    written.push_back(*config.destination);
  return written;
}

Status RunSelect(const QueryExecution& execution) {
  JobRun& run = execution.run;
  std::vector<googlesql::Type> types;
  for (const googlesql::OutputColumn& column : execution.statement.columns)
    types.push_back(column.type);
  RowEncoder encoder(std::move(types));
  ResultWriter writer(execution.services.connections, run.job.ref, encoder);
  {
    const Transaction snapshot = TRY(Transaction::Begin(run.connection));
    QueryResult rows = TRY(RunSql(execution, execution.statement.duckdb_sql, true));
    while (const duckdb_data_chunk chunk = TRY(rows.NextChunk())) {
      TRY(writer.Add(chunk));
      TRY(run.CheckStop());
    }
  }
  run.job.total_rows = writer.rows();
  run.result = TRY(writer.Finish());
  run.has_result = true;
  run.job.destination = AnonymousTable(run.job.ref);
  return run.CommitResult();
}

Status CheckGuards(const QueryExecution& execution) {
  for (const googlesql::Guard& guard : execution.statement.guards) {
    QueryResult found = TRY(RunSql(execution, guard.duckdb_sql, false));
    if (TRY(found.Next())) return InvalidArgument(guard.error, "invalidQuery", "query");
  }
  return {};
}

Status CountMerge(QueryResult& result, Job& job) {
  std::int64_t inserted = 0, updated = 0, deleted = 0;
  while (TRY(result.Next())) {
    const std::string action = AsciiLower(result.Text(result.column_count() - 1));
    if (action == "insert") ++inserted;
    if (action == "update") ++updated;
    if (action == "delete") ++deleted;
  }
  job.dml_inserted = inserted;
  job.dml_updated = updated;
  job.dml_deleted = deleted;
  return {};
}

Status RunDml(const QueryExecution& execution) {
  JobRun& run = execution.run;
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  TRY(CheckGuards(execution));
  {
    QueryResult result = TRY(RunSql(execution, execution.statement.duckdb_sql, false));
    const auto changed = static_cast<std::int64_t>(result.rows_changed());
    switch (execution.statement.kind) {
      case StatementKind::kInsert:
        run.job.dml_inserted = changed;
        break;
      case StatementKind::kUpdate:
        run.job.dml_updated = changed;
        break;
      case StatementKind::kDelete:
      case StatementKind::kTruncate:
        run.job.dml_deleted = changed;
        break;
      case StatementKind::kMerge:
        TRY(CountMerge(result, run.job));
        break;
      default:
        return Internal("not a DML statement");
    }
  }
  run.job.destination = WrittenTables(execution.config, execution.statement).front();
  return run.CommitDone(transaction);
}

}  // namespace

TableRef AnonymousTable(const JobRef& job) {
  return {job.project, "_" + Sha256Hex(job.project).substr(0, 40), "anon" + job.job_id};
}

std::optional<JobRef> JobOfAnonymousTable(const TableRef& ref) {
  if (!ref.table.starts_with("anon")) return std::nullopt;
  JobRef job;
  job.project = ref.project;
  job.job_id = ref.table.substr(4);
  return AnonymousTable(job) == ref ? std::optional<JobRef>(job) : std::nullopt;
}

Result<Statement> AnalyzeQuery(const QueryServices& services, Connection& connection,
                               const QueryConfig& config, Job& job) {
  googlesql::Options options;
  options.default_project =
      config.default_project.empty() ? job.ref.project : config.default_project;
  options.default_dataset = config.default_dataset;
  options.time_zone = config.time_zone;
  for (const QueryParameter& parameter : config.parameters)
    options.parameters.push_back({parameter.name, parameter.type});
  const SqlCatalog catalog(services.catalog);
  Statement statement = TRY(googlesql::Analyze(config.sql, catalog, options));
  job.statement_type = googlesql::StatementKindName(statement.kind);
  job.referenced_tables.clear();
  for (const TablePath& path : statement.referenced_tables) {
    job.referenced_tables.push_back({path.project, path.dataset, path.table});
  }
  if (statement.kind == StatementKind::kSelect) {
    job.result_schema.clear();
    for (const googlesql::OutputColumn& column : statement.columns)
      job.result_schema.push_back(FieldOf(column.name, column.type));
  }
  job.bytes_processed = TRY(EstimateBytes(services.catalog, connection, statement));
  return statement;
}

Result<QueryResult> RunSql(const QueryExecution& execution, const std::string& sql,
                           bool streaming) {
  Prepared prepared = TRY(execution.run.connection.Prepare(sql));
  TRY(BindParameters(prepared, execution.statement, execution.config));
  return streaming ? prepared.RunStreaming() : prepared.Run();
}

Status RunQuery(const QueryServices& services, const QueryConfig& config, JobRun& run) {
  std::uint64_t version = services.catalog.version();
  Statement statement = TRY(AnalyzeQuery(services, run.connection, config, run.job));
  std::optional<TableLocks::Held> held;
  if (const std::vector<TableRef> written = WrittenTables(config, statement); !written.empty()) {
    held.emplace(TRY(services.locks.Acquire(written, run.stop())));
    if (services.catalog.version() != version) {
      version = services.catalog.version();
      statement = TRY(AnalyzeQuery(services, run.connection, config, run.job));
    }
  }
  const QueryExecution execution{services, config, statement, run};
  Status status;
  if (statement.kind == StatementKind::kSelect) {
    status = config.destination ? RunSelectInto(execution) : RunSelect(execution);
  } else {
    status = IsDml(statement.kind) ? RunDml(execution) : RunDdl(execution);
  }
  // SQL made for an older catalog may name what is gone by now.
  const bool stale = status.code() == Code::kInternal && services.catalog.version() != version;
  return stale ? Aborted("the catalog changed while the query ran: " + status.message(), "conflict")
               : status;
}

}  // namespace landfall::warehouse
