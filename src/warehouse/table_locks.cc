#include "warehouse/table_locks.h"

#include <algorithm>
#include <chrono>

namespace landfall::warehouse {
namespace {

// How often a waiter looks whether it should give up.
constexpr std::chrono::milliseconds kStopCheck{50};

}  // namespace

TableLocks::Held::~Held() {
  if (locks_ == nullptr) return;
  const MutexLock lock(locks_->mu_);
  for (const TableRef& ref : refs_) locks_->held_.erase(ref);
  locks_->freed_.NotifyAll();
}

Result<TableLocks::Held> TableLocks::Acquire(std::vector<TableRef> refs,
                                             const std::stop_token& stop) {
  std::sort(refs.begin(), refs.end());
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  const MutexLock lock(mu_);
  while (true) {
    bool free = true;
    for (const TableRef& ref : refs) free = free && !held_.contains(ref);
    if (free) break;
    if (stop.stop_requested())
      return Cancelled("stopped while waiting for table " + ToString(refs.front()));
    freed_.WaitFor(mu_, kStopCheck);
  }
  held_.insert(refs.begin(), refs.end());
  return Held(*this, std::move(refs));
}

}  // namespace landfall::warehouse
