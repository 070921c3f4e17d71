// What happens beside the requests: checkpoints, and sweeps of expired tables, partitions and
// results. Private to the module.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "warehouse/catalog.h"
#include "warehouse/connection_pool.h"
#include "warehouse/job_runner.h"
#include "warehouse/table_locks.h"

namespace landfall::warehouse {

class Maintenance {
 public:
  struct Parts {
    ConnectionPool& connections;
    Catalog& catalog;
    TableLocks& locks;
    const JobRunner& runner;
    FileSystem& files;
    Clock& clock;
    Log& log;
  };
  // `wal_path`: DuckDB's log. It is written into the database file when longer than
  // `wal_bytes_max`, or when no job has run for a while.
  Maintenance(Parts parts, std::string wal_path, std::uint64_t wal_bytes_max, Metrics& metrics);
  ~Maintenance();

  // One sweep, now. Also what the thread does every minute.
  Status Sweep();
  // Checkpoints when the log is not empty; does nothing when a write is in progress.
  Status Checkpoint();

 private:
  void Loop(const std::stop_token& stop);
  std::uint64_t WalBytes() const;
  Status DropExpiredTables();
  Status DropExpiredPartitions();

  Parts parts_;
  const std::string wal_path_;
  const std::uint64_t wal_bytes_max_;
  Histogram& checkpoint_seconds_;
  Gauge& wal_bytes_;
  std::stop_source stopping_;
  Mutex mu_;
  CondVar wake_;
  std::jthread thread_;
};

}  // namespace landfall::warehouse
