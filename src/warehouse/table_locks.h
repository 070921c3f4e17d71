// One writer per table at a time: loads, DML, DDL and patches of a table run one after another, so
// that they never meet in a DuckDB conflict. Readers take no lock. Private to the module.
#pragma once

#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/mutex.h"
#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class TableLocks {
 public:
  class Held {
   public:
    Held(TableLocks& locks, std::vector<TableRef> refs) : locks_(&locks), refs_(std::move(refs)) {}
    Held(Held&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), refs_(std::move(other.refs_)) {}
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    TableLocks* locks_;
    std::vector<TableRef> refs_;
  };

  // Waits for all of them at once, so no two callers can wait for each other. Do not ask again
  // while holding some. kCancelled when `stop` is requested first. A dataset is locked as the table
  // with the empty name.
  Result<Held> Acquire(std::vector<TableRef> refs, const std::stop_token& stop);

 private:
  Mutex mu_;
  CondVar freed_;
  std::set<TableRef> held_ GUARDED_BY(mu_);
};

}  // namespace landfall::warehouse
