#include <sqlite3.h>

#include <vector>

#include "base/mutex.h"
#include "meta/bench_engines.h"

namespace landfall::meta {

namespace {

Status FromSqlite(sqlite3* db, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return {};
  return code == SQLITE_FULL ? ResourceExhausted(sqlite3_errmsg(db), "diskFull")
                             : Internal(sqlite3_errmsg(db));
}

// One connection and its prepared statements.
class Connection {
 public:
  explicit Connection(const std::string& path) {
    CHECK_OK(FromSqlite(nullptr, sqlite3_open(path.c_str(), &db_)));
    Exec("PRAGMA journal_mode=WAL");
    Exec("PRAGMA synchronous=FULL");
    Exec("PRAGMA mmap_size=1073741824");
    Exec("PRAGMA cache_size=-65536");
    Exec("PRAGMA wal_autocheckpoint=4000");
    Exec("CREATE TABLE IF NOT EXISTS kv(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID");
    put_ = Prepare("INSERT OR REPLACE INTO kv VALUES(?1, ?2)");
    remove_ = Prepare("DELETE FROM kv WHERE k = ?1");
    get_ = Prepare("SELECT v FROM kv WHERE k = ?1");
    scan_ = "SELECT k, v FROM kv WHERE k >= ?1 ORDER BY k";
  }
  ~Connection() {
    for (sqlite3_stmt* statement : {put_, remove_, get_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Exec(const char* sql) {
    CHECK_OK(FromSqlite(db_, sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)));
  }
  Status TryExec(const char* sql) {
    return FromSqlite(db_, sqlite3_exec(db_, sql, nullptr, nullptr, nullptr));
  }

  Status Write(std::string_view key, const std::optional<std::string>& value) {
    sqlite3_stmt* const statement = value ? put_ : remove_;
    Bind(statement, 1, key);
    if (value) Bind(statement, 2, *value);
    const Status status = FromSqlite(db_, sqlite3_step(statement));
    sqlite3_reset(statement);
    return status;
  }

  Result<std::optional<std::string>> Get(std::string_view key) {
    Bind(get_, 1, key);
    std::optional<std::string> value;
    const int code = sqlite3_step(get_);
    if (code == SQLITE_ROW) value = std::string(Column(get_, 0));
    sqlite3_reset(get_);
    TRY(FromSqlite(db_, code));
    return value;
  }

  Status Scan(const KeyRange& range, const Visitor& visit) {
    sqlite3_stmt* const statement = Prepare(scan_);
    Bind(statement, 1, range.begin);
    int code = SQLITE_DONE;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      const std::string_view key = Column(statement, 0);
      if (!range.end.empty() && key >= range.end) break;
      if (!visit(key, Column(statement, 1))) break;
    }
    sqlite3_finalize(statement);
    return FromSqlite(db_, code);
  }

 private:
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    CHECK_OK(FromSqlite(db_, sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr)));
    return statement;
  }
  static void Bind(sqlite3_stmt* statement, int at, std::string_view bytes) {
    sqlite3_bind_blob(statement, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  static std::string_view Column(sqlite3_stmt* statement, int at) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, at));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, at))};
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt *put_ = nullptr, *remove_ = nullptr, *get_ = nullptr;
  const char* scan_ = nullptr;
};

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(std::string path) : path_(std::move(path)), writer_(path_) {}

  Result<std::unique_ptr<Reader>> Snapshot() override {
    return std::unique_ptr<Reader>(std::make_unique<SqliteSnapshot>(*this, Take()));
  }

  Status Apply(const WriteMap& writes) override {
    TRY(writer_.TryExec("BEGIN IMMEDIATE"));
    for (const auto& [key, value] : writes) TRY(writer_.Write(key, value));
    return writer_.TryExec("COMMIT");
  }

  std::uint64_t SizeBytes() override { return 0; }  // the benchmark measures the directory

 private:
  class SqliteSnapshot final : public Reader {
   public:
    SqliteSnapshot(SqliteEngine& engine, std::unique_ptr<Connection> connection)
        : engine_(engine), connection_(std::move(connection)) {
      connection_->Exec("BEGIN; SELECT 1 FROM kv LIMIT 1");
    }
    ~SqliteSnapshot() override {
      connection_->Exec("COMMIT");
      engine_.GiveBack(std::move(connection_));
    }
    Result<std::optional<std::string>> Get(std::string_view key) override {
      return connection_->Get(key);
    }
    Status Scan(const KeyRange& range, const Visitor& visit) override {
      return connection_->Scan(range, visit);
    }

   private:
    SqliteEngine& engine_;
    std::unique_ptr<Connection> connection_;
  };

  std::unique_ptr<Connection> Take() {
    const MutexLock lock(mu_);
    if (idle_.empty()) return std::make_unique<Connection>(path_);
    std::unique_ptr<Connection> taken = std::move(idle_.back());
    idle_.pop_back();
    return taken;
  }
  void GiveBack(std::unique_ptr<Connection> connection) {
    const MutexLock lock(mu_);
    idle_.push_back(std::move(connection));
  }

  std::string path_;
  Connection writer_;
  Mutex mu_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<Engine> OpenSqlite(const std::string& dir) {
  return std::make_unique<SqliteEngine>(dir + "/meta.sqlite");
}

}  // namespace landfall::meta
