// Rows of a SELECT that has no table of its own: kept for a while as wire texts, in the job's
// record when small, else in a table of schema _landfall_results with one column. Private to the
// module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "warehouse/connection_pool.h"
#include "warehouse/job_run.h"
#include "warehouse/warehouse.h"
#include "warehouse/wire.h"

namespace landfall::warehouse {

constexpr std::size_t kResultRecordBytesMax = 4u << 20;

// Takes the rows of one result while it is being read. A larger one goes to its table on a
// connection of its own, because the query's connection is busy with the query.
class ResultWriter {
 public:
  ResultWriter(ConnectionPool& pool, const JobRef& job, RowEncoder& encoder);
  ~ResultWriter();
  Status Add(duckdb_data_chunk chunk);
  // The result is durable when the job's record that names it is.
  Result<ResultRows> Finish();
  std::int64_t rows() const { return rows_; }

 private:
  Status Spill();
  Status Append(const std::vector<std::string>& rows);

  ConnectionPool& pool_;
  const std::string table_;
  RowEncoder& encoder_;
  std::string kept_;
  std::int64_t rows_ = 0;
  struct Spilled;
  std::unique_ptr<Spilled> spilled_;
};

// Name of the result table of a job.
std::string ResultTableName(const JobRef& job);
Status DropResultTable(Connection& connection, const std::string& table);
// Drops the tables nobody names; for a start.
Status DropStrayResultTables(Connection& connection);

// One page. `page_token` is the index of its first row.
Result<Rows> ReadResult(ConnectionPool& pool, const ResultRows& result, const Schema& schema,
                        std::uint64_t total_rows, const RowsRequest& request);
// Page tokens of rows: how they look, and what they say.
std::string RowToken(std::uint64_t row);
Result<std::uint64_t> FirstRow(const RowsRequest& request);

}  // namespace landfall::warehouse
