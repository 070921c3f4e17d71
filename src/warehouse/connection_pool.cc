#include "warehouse/connection_pool.h"

#include <chrono>

namespace landfall::warehouse {
namespace {

constexpr std::chrono::seconds kWaitMax{30};

}  // namespace

ConnectionPool::Lease::~Lease() {
  if (!connection_) return;
  const MutexLock lock(pool_->mu_);
  pool_->idle_.push_back(std::move(connection_));
  --pool_->lent_;
  pool_->returned_.NotifyOne();
}

Result<ConnectionPool::Lease> ConnectionPool::Take() {
  {
    const MutexLock lock(mu_);
    while (lent_ >= connections_max_) {
      if (!returned_.WaitFor(mu_, kWaitMax))
        return Unavailable("all warehouse connections are busy");
    }
    ++lent_;
    if (!idle_.empty()) {
      Lease lease(*this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
  }
  Result<std::unique_ptr<Connection>> fresh = database_.Connect(session_sql_);
  if (fresh.ok()) return Lease(*this, std::move(*fresh));
  const MutexLock lock(mu_);
  --lent_;
  returned_.NotifyOne();
  return fresh.status();
}

}  // namespace landfall::warehouse
