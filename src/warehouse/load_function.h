// The table function landfall_load(id): rows of a LoadScan, read by as many threads as DuckDB
// gives. Used as
//
//   INSERT INTO t SELECT * FROM landfall_load(7)
//
// on a connection with preserve_insertion_order = false, so that parsing and compression run on
// every core inside one transaction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/mutex.h"
#include "warehouse/duck.h"
#include "warehouse/load_scan.h"

namespace landfall::warehouse {

// Registered once per database; must outlive it. Thread-safe.
class LoadFunction {
 public:
  Status Register(Connection& connection);

  // The scan can be named in SQL while this lives.
  class Use {
   public:
    Use(LoadFunction& function, LoadScan& scan);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    std::int64_t id() const { return id_; }

   private:
    LoadFunction& function_;
    std::int64_t id_;
  };

 private:
  struct Callbacks;
  LoadScan* Find(std::int64_t id) const;

  mutable Mutex mu_;
  std::int64_t last_id_ GUARDED_BY(mu_) = 0;
  std::map<std::int64_t, LoadScan*> scans_ GUARDED_BY(mu_);
};

// Inserts every row of the scan into `target` ("t" or "t (a, b)", quoted) inside the connection's
// transaction; the number of rows. Without preserve_insertion_order = false DuckDB runs the scan on
// one thread. An error of the scan (bad rows over the limit, an object that cannot be read) is the
// result.
Result<std::uint64_t> InsertScan(Connection& connection, LoadFunction& function, LoadScan& scan,
                                 const std::string& target);

}  // namespace landfall::warehouse
