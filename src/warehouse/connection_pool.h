// DuckDB connections to lend. Private to the module. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "warehouse/duck.h"

namespace landfall::warehouse {

class ConnectionPool {
 public:
  // At most `connections_max` at once; each starts with `session_sql`.
  ConnectionPool(Database& database, std::size_t connections_max, std::string session_sql)
      : database_(database),
        connections_max_(connections_max),
        session_sql_(std::move(session_sql)) {}

  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) = delete;
    ~Lease();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };
  // Waits for a free one; kUnavailable when none comes back for 30 s.
  Result<Lease> Take();

 private:
  Database& database_;
  const std::size_t connections_max_;
  const std::string session_sql_;
  Mutex mu_;
  CondVar returned_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mu_);
  std::size_t lent_ GUARDED_BY(mu_) = 0;
};

}  // namespace landfall::warehouse
