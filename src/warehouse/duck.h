// DuckDB's C API with owners and errors as values. Private to the warehouse module; nothing else
// includes duckdb.h.
//
// Threads: Database is thread-safe. A Connection and everything made from it belong to one thread
// at a time; only Interrupt() may come from another thread, while the Connection is alive.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/faults.h"
#include "base/mutex.h"
#include "base/status.h"

namespace landfall::warehouse {

// A DuckDB error text as a Status. What follows "LF: " is ours and answers the user as it is;
// otherwise the kind in front ("Conversion Error: ") decides: values ->
// kInvalidArgument/"invalidQuery"; conflicts of transactions -> kAborted/"conflict" (a retry
// helps); memory -> kResourceExhausted/"resourcesExceeded"; a full disk ->
// kResourceExhausted/"diskFull"; interrupt -> kCancelled/"stopped"; what only our SQL can cause ->
// kInternal.
Status DuckError(std::string_view text);

// A value of a parameter. Views must live until the call returns.
using Param = std::variant<std::monostate, bool, std::int32_t, std::int64_t, std::uint64_t, double,
                           std::string_view, TimePoint>;

// One result, read forward. Chunks or rows, not both. Columns count from 0.
class QueryResult {
 public:
  QueryResult() = default;
  explicit QueryResult(duckdb_result raw) : raw_(std::make_unique<duckdb_result>(raw)) {}
  QueryResult(QueryResult&& other) noexcept;
  QueryResult& operator=(QueryResult&&) = delete;
  ~QueryResult();

  std::size_t column_count() const;
  std::string_view column_name(std::size_t column) const;
  std::uint64_t rows_changed() const;  // of INSERT, UPDATE, DELETE

  // The next chunk, owned by this object until the next call; nullptr at the end.
  Result<duckdb_data_chunk> NextChunk();

  // Row by row, for results of ours whose types we know: VARCHAR, BIGINT, INTEGER, UBIGINT,
  // HUGEINT, DOUBLE, BOOLEAN and TIMESTAMPs. NULL reads as empty or 0.
  Result<bool> Next();
  bool IsNull(std::size_t column) const;
  std::string Text(std::size_t column) const;
  std::int64_t Int64(std::size_t column) const;
  double Double(std::size_t column) const;
  bool Bool(std::size_t column) const { return Int64(column) != 0; }
  std::optional<TimePoint> Time(std::size_t column) const;

 private:
  void DropChunk();
  std::unique_ptr<duckdb_result> raw_;
  duckdb_data_chunk chunk_ = nullptr;
  idx_t row_ = 0, chunk_rows_ = 0;
};

class Connection;

class Prepared {
 public:
  explicit Prepared(duckdb_prepared_statement raw) : raw_(raw) {}
  Prepared(Prepared&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Prepared& operator=(Prepared&&) = delete;
  ~Prepared();
  Status Bind(std::size_t index, const Param& value);  // from 1
  // Takes ownership of `value`, also on failure.
  Status BindValue(std::size_t index, duckdb_value value);
  Result<QueryResult> Run();
  // Rows come while the query runs; the connection is busy until the result is gone.
  Result<QueryResult> RunStreaming();

 private:
  duckdb_prepared_statement raw_;
};

class Connection {
 public:
  Connection(duckdb_connection raw, Faults* faults, Mutex& append_gate)
      : raw_(raw), faults_(faults), append_gate_(append_gate) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One or more statements, results dropped.
  Status Execute(std::string_view sql);
  // One statement with $1, $2, ...; a write only inside a Transaction.
  Result<QueryResult> Run(std::string_view sql, std::initializer_list<Param> params = {});
  Result<QueryResult> Run(std::string_view sql, std::span<const Param> params);
  // The same for a text that comes again and again: the statement stays prepared, which halves what
  // a small one costs. At most kKeptMax texts. DuckDB plans with what the tables hold at that time,
  // so nothing but parameters may stand in its conditions (it would drop "x IS NULL" while no x is
  // NULL), and it may not sort, group or join.
  Result<QueryResult> RunKept(std::string_view sql, std::initializer_list<Param> params = {});
  Result<QueryResult> RunKept(std::string_view sql, std::span<const Param> params);
  // RunKept for a write to a control table, which many connections share. DuckDB 1.4 breaks when
  // one connection updates a table in the moment another one's commit appends to it ("Unaligned
  // fetch in validity and main column data for update"), so such writes and all commits of one
  // database take turns. User tables need none of this: they have one writer at a time.
  Result<QueryResult> Write(std::string_view sql, std::initializer_list<Param> params = {});
  Result<QueryResult> Write(std::string_view sql, std::span<const Param> params);
  // Only inside a Transaction, and to be run inside the same one: a plan that is older than the
  // rows it reads gives wrong ones (a sort packs texts and numbers into the width they had when it
  // was planned).
  Result<Prepared> Prepare(std::string_view sql);
  void Interrupt();
  duckdb_connection raw() const { return raw_; }
  Faults* faults() const { return faults_; }
  Mutex& append_gate() const { return append_gate_; }

 private:
  friend class Transaction;
  static constexpr std::size_t kKeptMax = 64;
  Result<Prepared> PrepareAnywhere(std::string_view sql);
  // Prepared and bound; valid until the next call.
  Result<Prepared*> Keep(std::string_view sql, std::span<const Param> params);

  duckdb_connection raw_;
  bool in_transaction_ = false;
  std::map<std::string, Prepared, std::less<>> kept_;
  Faults* const faults_;
  Mutex& append_gate_;  // a leaf: nothing else is locked while it is held
};

// Rolls back when it goes out of scope without Commit.
class Transaction {
 public:
  static Result<Transaction> Begin(Connection& connection);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // Durable on OK. After a failure nothing happened. A hit of fault point warehouse.commit fails
  // it.
  Status Commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// Bulk insert into one table inside the connection's transaction. Close() or everything since the
// last Flush is lost.
class Appender {
 public:
  // `columns`: the ones that AppendChunk brings, in its order; the others get their defaults.
  // Empty: all.
  static Result<Appender> Open(Connection& connection, const std::string& schema,
                               const std::string& table,
                               const std::vector<std::string>& columns = {});
  Appender(Appender&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Appender& operator=(Appender&&) = delete;
  ~Appender();
  Status AppendChunk(duckdb_data_chunk chunk);
  Status Flush();
  Status Close();
  duckdb_appender raw() const { return raw_; }

 private:
  explicit Appender(duckdb_appender raw) : raw_(raw) {}
  Status Check(duckdb_state state);
  duckdb_appender raw_;
};

struct DatabaseOptions {
  std::string path;  // empty: in memory
  std::size_t threads = 0;
  std::uint64_t memory_bytes_max = 0;
  std::vector<std::string> readable_dirs;  // the only places reader functions may open files in
};

class Database {
 public:
  // kFailedPrecondition/"locked" when another process has the file.
  static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options, Faults* faults);
  ~Database();
  struct Key;  // only Open has one
  Database(const Key&, duckdb_database raw, Faults* faults) : raw_(raw), faults_(faults) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  // With googlesql's session settings and macros when `session_sql` is given.
  Result<std::unique_ptr<Connection>> Connect(std::string_view session_sql = {});

 private:
  duckdb_database raw_;
  Faults* const faults_;
  Mutex append_gate_;
};

}  // namespace landfall::warehouse
