// tabledata.insertAll: rows of many requests, one commit. Private to the module. Thread-safe.
//
// Every request parses its own rows into DuckDB chunks on its own thread. Then the first one whose
// table nobody is committing to takes all that wait for that table, appends their chunks and their
// insertIds in one transaction, and wakes them; requests that come meanwhile are the next group. A
// request is answered when its rows are durable.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "warehouse/catalog.h"
#include "warehouse/connection_pool.h"
#include "warehouse/insert_ids.h"
#include "warehouse/table_locks.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class RowInserts {
 public:
  struct Parts {
    Catalog& catalog;
    TableLocks& locks;
    ConnectionPool& connections;
    Clock& clock;
    Log& log;
  };
  RowInserts(Parts parts, InsertIds& ids, Metrics& metrics);

  // As Warehouse::InsertAll, for a table that is there.
  Result<std::vector<InsertError>> Insert(const InsertRequest& request);

 private:
  struct Pending;
  struct Queue {
    CondVar changed;
    bool leading = false;
    std::deque<Pending*> waiting;
    std::size_t users = 0;
  };
  void Wait(const TableRef& ref, Pending& pending);
  std::vector<Pending*> TakeGroup(Queue& queue) REQUIRES(mu_);
  void CommitGroup(const TableRef& ref, const std::vector<Pending*>& group);
  Status TryCommit(const TableRef& ref, const std::vector<Pending*>& group);
  // Drops rows whose insertId was seen, in the window or earlier in the group.
  void DropSeen(const std::vector<Pending*>& group, TimePoint now,
                std::vector<InsertIds::Id>& fresh);

  const Parts parts_;
  InsertIds& ids_;
  Counter& rows_;
  Counter& dropped_;
  Counter& commits_;
  Mutex mu_;
  std::map<TableRef, Queue> queues_ GUARDED_BY(mu_);
};

}  // namespace landfall::warehouse
