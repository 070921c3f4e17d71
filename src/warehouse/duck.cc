#include "warehouse/duck.h"

#include <utility>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

std::string_view TextOrUnknown(const char* text) {
  return text == nullptr ? "unknown error" : text;
}

// The error of a failed call that left its text in `result`.
Status TakeError(duckdb_result& result) {
  Status status = DuckError(TextOrUnknown(duckdb_result_error(&result)));
  duckdb_destroy_result(&result);
  return status;
}

}  // namespace

// ---- QueryResult ----

QueryResult::QueryResult(QueryResult&& other) noexcept
    : raw_(std::move(other.raw_)),
      chunk_(std::exchange(other.chunk_, nullptr)),
      row_(other.row_),
      chunk_rows_(other.chunk_rows_) {}

QueryResult::~QueryResult() {
  DropChunk();
  if (raw_) duckdb_destroy_result(raw_.get());
}

void QueryResult::DropChunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  chunk_ = nullptr;
}

std::size_t QueryResult::column_count() const { return duckdb_column_count(raw_.get()); }

std::string_view QueryResult::column_name(std::size_t column) const {
  return duckdb_column_name(raw_.get(), column);
}

std::uint64_t QueryResult::rows_changed() const { return duckdb_rows_changed(raw_.get()); }

Result<duckdb_data_chunk> QueryResult::NextChunk() {
  DropChunk();
  chunk_ = duckdb_fetch_chunk(*raw_);
  if (chunk_ == nullptr) {
    const char* error = duckdb_result_error(raw_.get());
    if (error != nullptr && *error != '\0') return DuckError(error);
    return static_cast<duckdb_data_chunk>(nullptr);
  }
  if (duckdb_data_chunk_get_size(chunk_) == 0) return NextChunk();
  return chunk_;
}

Result<bool> QueryResult::Next() {
  if (chunk_ != nullptr && ++row_ < chunk_rows_) return true;
  const duckdb_data_chunk chunk = TRY(NextChunk());
  if (chunk == nullptr) return false;
  row_ = 0;
  chunk_rows_ = duckdb_data_chunk_get_size(chunk);
  return true;
}

bool QueryResult::IsNull(std::size_t column) const {
  std::uint64_t* const validity =
      duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_, column));
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row_);
}

std::string QueryResult::Text(std::size_t column) const {
  if (IsNull(column)) return {};
  const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
  auto& text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector))[row_];
  return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
}

std::int64_t QueryResult::Int64(std::size_t column) const {
  if (IsNull(column)) return 0;
  const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
  const void* data = duckdb_vector_get_data(vector);
  switch (duckdb_column_type(raw_.get(), column)) {
    case DUCKDB_TYPE_BOOLEAN:
      return static_cast<const bool*>(data)[row_] ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return static_cast<const std::int8_t*>(data)[row_];
    case DUCKDB_TYPE_INTEGER:
      return static_cast<const std::int32_t*>(data)[row_];
    case DUCKDB_TYPE_HUGEINT:
      return static_cast<std::int64_t>(static_cast<const duckdb_hugeint*>(data)[row_].lower);
    case DUCKDB_TYPE_DOUBLE:
      return static_cast<std::int64_t>(static_cast<const double*>(data)[row_]);
    default:
      return static_cast<const std::int64_t*>(
          data)[row_];  // BIGINT, UBIGINT and TIMESTAMPs in microseconds
  }
}

double QueryResult::Double(std::size_t column) const {
  if (IsNull(column)) return 0;
  if (duckdb_column_type(raw_.get(), column) != DUCKDB_TYPE_DOUBLE)
    return static_cast<double>(Int64(column));
  return static_cast<const double*>(
      duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, column)))[row_];
}

std::optional<TimePoint> QueryResult::Time(std::size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return FromMicros(Int64(column));
}

// ---- Prepared ----

Prepared::~Prepared() {
  if (raw_ != nullptr) duckdb_destroy_prepare(&raw_);
}

Status Prepared::Bind(std::size_t index, const Param& value) {
  struct Visitor {
    duckdb_prepared_statement raw;
    idx_t at;
    duckdb_state operator()(std::monostate) const { return duckdb_bind_null(raw, at); }
    duckdb_state operator()(bool v) const { return duckdb_bind_boolean(raw, at, v); }
    duckdb_state operator()(std::int32_t v) const { return duckdb_bind_int32(raw, at, v); }
    duckdb_state operator()(std::int64_t v) const { return duckdb_bind_int64(raw, at, v); }
    duckdb_state operator()(std::uint64_t v) const { return duckdb_bind_uint64(raw, at, v); }
    duckdb_state operator()(double v) const { return duckdb_bind_double(raw, at, v); }
    duckdb_state operator()(std::string_view v) const {
      return duckdb_bind_varchar_length(raw, at, v.data() == nullptr ? "" : v.data(), v.size());
    }
    duckdb_state operator()(TimePoint v) const {
      return duckdb_bind_timestamp_tz(raw, at, {ToMicros(v)});
    }
  };
  if (std::visit(Visitor{raw_, index}, value) == DuckDBSuccess) return {};
  // DuckDB keeps no text for this one.
  if (const auto* text = std::get_if<std::string_view>(&value);
      text != nullptr && !IsValidUtf8(*text))
    return Internal("parameter " + std::to_string(index) + " is not UTF-8");
  return DuckError(TextOrUnknown(duckdb_prepare_error(raw_)))
      .Annotate("parameter " + std::to_string(index));
}

Status Prepared::BindValue(std::size_t index, duckdb_value value) {
  const duckdb_state state = duckdb_bind_value(raw_, index, value);
  duckdb_destroy_value(&value);
  if (state == DuckDBSuccess) return {};
  return DuckError(TextOrUnknown(duckdb_prepare_error(raw_)))
      .Annotate("parameter " + std::to_string(index));
}

Result<QueryResult> Prepared::Run() {
  duckdb_result result;
  if (duckdb_execute_prepared(raw_, &result) != DuckDBSuccess) return TakeError(result);
  return QueryResult(result);
}

Result<QueryResult> Prepared::RunStreaming() {
  duckdb_pending_result pending = nullptr;
  if (duckdb_pending_prepared_streaming(raw_, &pending) != DuckDBSuccess) {
    Status status = DuckError(TextOrUnknown(duckdb_pending_error(pending)));
    duckdb_destroy_pending(&pending);
    return status;
  }
  duckdb_result result;
  const duckdb_state state = duckdb_execute_pending(pending, &result);
  duckdb_destroy_pending(&pending);
  if (state != DuckDBSuccess) return TakeError(result);
  return QueryResult(result);
}

// ---- Connection ----

Connection::~Connection() {
  kept_.clear();
  duckdb_disconnect(&raw_);
}

Status Connection::Execute(std::string_view sql) {
  duckdb_result result;
  if (duckdb_query(raw_, std::string(sql).c_str(), &result) != DuckDBSuccess)
    return TakeError(result);
  duckdb_destroy_result(&result);
  return {};
}

Result<Prepared> Connection::Prepare(std::string_view sql) {
  CHECK(in_transaction_);
  return PrepareAnywhere(sql);
}

Result<Prepared> Connection::PrepareAnywhere(std::string_view sql) {
  duckdb_prepared_statement raw = nullptr;
  if (duckdb_prepare(raw_, std::string(sql).c_str(), &raw) != DuckDBSuccess) {
    Status status = DuckError(TextOrUnknown(duckdb_prepare_error(raw)));
    duckdb_destroy_prepare(&raw);
    return status;
  }
  return Prepared(raw);
}

Result<QueryResult> Connection::Run(std::string_view sql, std::initializer_list<Param> params) {
  return Run(sql, std::span<const Param>(params.begin(), params.size()));
}

Result<QueryResult> Connection::Run(std::string_view sql, std::span<const Param> params) {
  std::optional<Transaction> snapshot;
  if (!in_transaction_) snapshot.emplace(TRY(Transaction::Begin(*this)));
  Prepared prepared = TRY(Prepare(sql));
  for (std::size_t i = 0; i < params.size(); ++i) TRY(prepared.Bind(i + 1, params[i]));
  return prepared.Run();
}

Result<QueryResult> Connection::Write(std::string_view sql, std::initializer_list<Param> params) {
  return Write(sql, std::span<const Param>(params.begin(), params.size()));
}

Result<Prepared*> Connection::Keep(std::string_view sql, std::span<const Param> params) {
  auto kept = kept_.find(sql);
  if (kept == kept_.end()) {
    if (kept_.size() >= kKeptMax) kept_.clear();
    kept = kept_.emplace(std::string(sql), TRY(PrepareAnywhere(sql))).first;
  }
  for (std::size_t i = 0; i < params.size(); ++i) TRY(kept->second.Bind(i + 1, params[i]));
  return &kept->second;
}

Result<QueryResult> Connection::RunKept(std::string_view sql, std::initializer_list<Param> params) {
  return RunKept(sql, std::span<const Param>(params.begin(), params.size()));
}

Result<QueryResult> Connection::RunKept(std::string_view sql, std::span<const Param> params) {
  Prepared* const prepared = TRY(Keep(sql, params));
  return prepared->Run();
}

Result<QueryResult> Connection::Write(std::string_view sql, std::span<const Param> params) {
  Prepared* const prepared = TRY(Keep(sql, params));
  const MutexLock lock(append_gate_);
  return prepared->Run();
}

void Connection::Interrupt() { duckdb_interrupt(raw_); }

// ---- Transaction ----

Result<Transaction> Transaction::Begin(Connection& connection) {
  CHECK(!connection.in_transaction_);
  TRY(connection.Execute("BEGIN TRANSACTION"));
  connection.in_transaction_ = true;
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  (void)connection_->Execute("ROLLBACK");
  connection_->in_transaction_ = false;
}

Status Transaction::Commit() {
  CHECK(connection_ != nullptr);
  Faults* const faults = connection_->faults();
  if (faults != nullptr) TRY(faults->Hit("warehouse.commit"));
  Connection* const connection = std::exchange(connection_, nullptr);
  connection->in_transaction_ = false;
  Status status;
  {
    const MutexLock lock(connection->append_gate());
    status = connection->Execute("COMMIT");
  }
  // A failed COMMIT has already rolled back; this only matters when DuckDB refused before trying.
  if (!status.ok()) (void)connection->Execute("ROLLBACK");
  return status;
}

// ---- Appender ----

Result<Appender> Appender::Open(Connection& connection, const std::string& schema,
                                const std::string& table, const std::vector<std::string>& columns) {
  duckdb_appender raw = nullptr;
  const duckdb_state state =
      duckdb_appender_create(connection.raw(), schema.c_str(), table.c_str(), &raw);
  Appender appender(raw);
  TRY(appender.Check(state));
  for (const std::string& column : columns)
    TRY(appender.Check(duckdb_appender_add_column(raw, column.c_str())));
  return appender;
}

Appender::~Appender() {
  if (raw_ != nullptr) duckdb_appender_destroy(&raw_);
}

Status Appender::Check(duckdb_state state) {
  return state == DuckDBSuccess ? Status() : DuckError(TextOrUnknown(duckdb_appender_error(raw_)));
}

Status Appender::AppendChunk(duckdb_data_chunk chunk) {
  return Check(duckdb_append_data_chunk(raw_, chunk));
}

Status Appender::Flush() { return Check(duckdb_appender_flush(raw_)); }

Status Appender::Close() { return Check(duckdb_appender_close(raw_)); }

// ---- Database ----

namespace {

std::string QuotedLiteral(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

// From here on SQL can reach no file outside the named directories, whatever it calls. Cannot be
// undone by SQL.
Status ConfineFiles(Connection& connection, const std::vector<std::string>& dirs) {
  std::string list;
  for (const std::string& dir : dirs) list += (list.empty() ? "" : ", ") + QuotedLiteral(dir + "/");
  TRY(connection.Execute("SET allowed_directories = [" + list + "]"));
  return connection.Execute("SET enable_external_access = false");
}

}  // namespace

struct Database::Key {};

Result<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options, Faults* faults) {
  duckdb_config config = nullptr;
  CHECK(duckdb_create_config(&config) == DuckDBSuccess);
  const auto set = [&](const char* name, const std::string& value) {
    CHECK(duckdb_set_config(config, name, value.c_str()) == DuckDBSuccess);
  };
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("allow_community_extensions", "false");
  set("checkpoint_threshold", "1000 TB");  // the warehouse schedules checkpoints
  set("preserve_insertion_order",
      "true");  // pages of rows must not overlap; our loads append in order anyway
  if (options.threads > 0) set("threads", std::to_string(options.threads));
  if (options.memory_bytes_max > 0)
    set("max_memory", std::to_string(options.memory_bytes_max) + "B");
  duckdb_database raw = nullptr;
  char* error = nullptr;
  const char* const path = options.path.empty() ? nullptr : options.path.c_str();
  const duckdb_state state = duckdb_open_ext(path, &raw, config, &error);
  duckdb_destroy_config(&config);
  if (state != DuckDBSuccess) {
    Status status = DuckError(TextOrUnknown(error)).Annotate("opening the warehouse");
    duckdb_free(error);
    return status;
  }
  auto database = std::make_unique<Database>(Key{}, raw, faults);
  TRY(ConfineFiles(*TRY(database->Connect()), options.readable_dirs));
  return database;
}

Database::~Database() { duckdb_close(&raw_); }

Result<std::unique_ptr<Connection>> Database::Connect(std::string_view session_sql) {
  duckdb_connection raw = nullptr;
  if (duckdb_connect(raw_, &raw) != DuckDBSuccess)
    return Internal("the warehouse engine gave no connection");
  auto connection = std::make_unique<Connection>(raw, faults_, append_gate_);
  if (!session_sql.empty()) TRY(connection->Execute(session_sql));
  return connection;
}

}  // namespace landfall::warehouse
