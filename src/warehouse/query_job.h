// Running one GoogleSQL statement. Private to the module.
//
//   Analyze -> locks of the tables it writes -> one transaction: guards, statement, catalog change,
//   job record -> rows
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "googlesql/googlesql.h"
#include "warehouse/catalog.h"
#include "warehouse/connection_pool.h"
#include "warehouse/job_run.h"
#include "warehouse/table_locks.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct QueryServices {
  Catalog& catalog;
  TableLocks& locks;
  ConnectionPool& connections;  // for result tables and estimates; not the workers'
};

// Analyses the statement and fills what the job tells about it: statement type, tables, schema,
// bytes.
Result<googlesql::Statement> AnalyzeQuery(const QueryServices& services, Connection& connection,
                                          const QueryConfig& config, Job& job);

Status RunQuery(const QueryServices& services, const QueryConfig& config, JobRun& run);

// Where a SELECT without a destination keeps its rows: dataset "_<hash of the project>", table
// "anon<job id>".
TableRef AnonymousTable(const JobRef& job);
// The job behind such a table.
std::optional<JobRef> JobOfAnonymousTable(const TableRef& ref);

// ---- parts, by file ----

// One statement with what its execution needs.
struct QueryExecution {
  const QueryServices& services;
  const QueryConfig& config;
  const googlesql::Statement& statement;
  JobRun& run;
};

Result<QueryResult> RunSql(const QueryExecution& execution, const std::string& sql, bool streaming);

// query_write.cc: rows of the statement's query into `table`, whose columns are `columns` in order.
// With a partition, rows go there, and rows of another partition are an error.
Result<std::int64_t> InsertQueryRows(const QueryExecution& execution, const Table& table,
                                     const std::string& sql,
                                     const std::vector<googlesql::OutputColumn>& columns,
                                     const std::string& partition);
// When the statement reads `target`, which is about to be emptied or replaced, its rows are staged
// first. The SQL that reads them, or the statement's own.
class Stage {
 public:
  Stage(const QueryExecution& execution, const TableRef& target);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Result<std::string> Sql();

 private:
  const QueryExecution& execution_;
  const bool needed_;
};
Status RunSelectInto(const QueryExecution& execution);

// query_ddl.cc
Status RunDdl(const QueryExecution& execution);

}  // namespace landfall::warehouse
