#include "warehouse/result_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "googlesql/types.h"
#include "warehouse/job_store.h"

namespace landfall::warehouse {
namespace {

std::string Quoted(const std::string& table) {
  return std::string(kResultsSchema) + "." + googlesql::QuoteIdentifier(table);
}

class Chunk {
 public:
  explicit Chunk(duckdb_logical_type type) : raw_(duckdb_create_data_chunk(&type, 1)) {}
  ~Chunk() { duckdb_destroy_data_chunk(&raw_); }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  duckdb_data_chunk get() const { return raw_; }

 private:
  duckdb_data_chunk raw_;
};

}  // namespace

struct ResultWriter::Spilled {
  Spilled(ConnectionPool::Lease l, Transaction t, Appender a)
      : lease(std::move(l)), transaction(std::move(t)), appender(std::move(a)) {}
  ConnectionPool::Lease lease;
  Transaction transaction;
  Appender appender;
};

ResultWriter::ResultWriter(ConnectionPool& pool, const JobRef& job, RowEncoder& encoder)
    : pool_(pool), table_(ResultTableName(job)), encoder_(encoder) {}

ResultWriter::~ResultWriter() = default;

Status ResultWriter::Add(duckdb_data_chunk chunk) {
  std::vector<std::string> rows;
  TRY(encoder_.Encode(chunk, rows));
  for (const std::string& row : rows) {
    // DuckDB's texts are UTF-8, and so is JSON.
    if (!simdjson::validate_utf8(row)) return Internal("a row of the result is not UTF-8");
  }
  rows_ += static_cast<std::int64_t>(rows.size());
  if (spilled_) return Append(rows);
  for (const std::string& row : rows) (kept_ += row) += '\n';
  return kept_.size() > kResultRecordBytesMax ? Spill() : Status();
}

Status ResultWriter::Spill() {
  ConnectionPool::Lease lease = TRY(pool_.Take());
  Transaction transaction = TRY(Transaction::Begin(*lease));
  TRY(lease->Execute("CREATE OR REPLACE TABLE " + Quoted(table_) + " (v VARCHAR)"));
  Appender appender = TRY(Appender::Open(*lease, std::string(kResultsSchema), table_));
  spilled_ =
      std::make_unique<Spilled>(std::move(lease), std::move(transaction), std::move(appender));
  std::vector<std::string> rows;
  for (const std::string_view row : Split(kept_, '\n')) {
    if (!row.empty()) rows.emplace_back(row);
  }
  kept_.clear();
  return Append(rows);
}

Status ResultWriter::Append(const std::vector<std::string>& rows) {
  duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  Status status;
  for (std::size_t from = 0; from < rows.size() && status.ok(); from += duckdb_vector_size()) {
    const std::size_t size = std::min<std::size_t>(rows.size() - from, duckdb_vector_size());
    const Chunk chunk(type);
    const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk.get(), 0);
    for (std::size_t i = 0; i < size; ++i) {
      duckdb_vector_assign_string_element_len(vector, i, rows[from + i].data(),
                                              rows[from + i].size());
    }
    duckdb_data_chunk_set_size(chunk.get(), size);
    status = spilled_->appender.AppendChunk(chunk.get());
  }
  duckdb_destroy_logical_type(&type);
  return status;
}

Result<ResultRows> ResultWriter::Finish() {
  if (!spilled_) return ResultRows{std::move(kept_), ""};
  TRY(spilled_->appender.Close());
  TRY(spilled_->transaction.Commit());
  return ResultRows{"", table_};
}

std::string ResultTableName(const JobRef& job) {
  return "r" + Sha256Hex(job.project + ":" + job.job_id).substr(0, 32);
}

Status DropResultTable(Connection& connection, const std::string& table) {
  return connection.Execute("DROP TABLE IF EXISTS " + Quoted(table));
}

Status DropStrayResultTables(Connection& connection) {
  const std::vector<std::string> used = TRY(ResultTablesInUse(connection));
  const std::set<std::string> keep(used.begin(), used.end());
  std::vector<std::string> stray;
  QueryResult tables = TRY(connection.Run(
      "SELECT table_name FROM duckdb_tables() WHERE schema_name = $1", {kResultsSchema}));
  while (TRY(tables.Next())) {
    if (!keep.contains(tables.Text(0))) stray.push_back(tables.Text(0));
  }
  for (const std::string& table : stray) TRY(DropResultTable(connection, table));
  return {};
}

std::string RowToken(std::uint64_t row) { return "R" + std::to_string(row); }

Result<std::uint64_t> FirstRow(const RowsRequest& request) {
  if (request.page_token.empty()) return request.start_index;
  const auto row = ParseInt64(std::string_view(request.page_token).substr(1));
  if (request.page_token[0] != 'R' || !row || *row < 0)
    return InvalidArgument("Invalid page token", "invalid", "pageToken");
  return static_cast<std::uint64_t>(*row);
}

Result<Rows> ReadResult(ConnectionPool& pool, const ResultRows& result, const Schema& schema,
                        std::uint64_t total_rows, const RowsRequest& request) {
  const std::uint64_t first = TRY(FirstRow(request));
  const std::uint64_t rows_max = request.rows_max == 0 ? UINT64_MAX : request.rows_max;
  const auto form =
      request.int64_timestamps ? TimestampForm::kInt64Micros : TimestampForm::kFloatSeconds;
  Rows page;
  page.schema = schema;
  page.total_rows = total_rows;
  std::size_t bytes = 0;
  // False: the page is full.
  const auto add = [&](std::string_view row) {
    if (page.rows.size() >= rows_max || (bytes >= request.bytes_max && !page.rows.empty()))
      return false;
    page.rows.push_back(FinishRow(row, form));
    bytes += page.rows.back().size();
    return true;
  };
  if (result.table.empty()) {
    std::uint64_t index = 0;
    for (const std::string_view row : Split(result.rows, '\n')) {
      if (index++ >= first && !row.empty() && !add(row)) break;
    }
  } else {
    const ConnectionPool::Lease lease = TRY(pool.Take());
    const Transaction snapshot = TRY(Transaction::Begin(*lease));
    Prepared prepared =
        TRY(lease->Prepare("SELECT v FROM " + Quoted(result.table) + " LIMIT " +
                           std::to_string(std::min<std::uint64_t>(rows_max, total_rows)) +
                           " OFFSET " + std::to_string(first)));
    QueryResult rows = TRY(prepared.RunStreaming());
    while (TRY(rows.Next())) {
      if (!add(rows.Text(0))) break;
    }
  }
  if (first + page.rows.size() < total_rows && !page.rows.empty())
    page.next_page_token = RowToken(first + page.rows.size());
  return page;
}

}  // namespace landfall::warehouse
