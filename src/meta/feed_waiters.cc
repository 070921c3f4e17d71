#include "meta/feed_waiters.h"

#include <algorithm>

namespace landfall::meta {

using std::chrono::steady_clock;

bool FeedWaiters::Wait(const std::string& feed, std::chrono::milliseconds bound,
                       const std::function<bool()>& ready) {
  // A caller's "for ever" must not overflow the clock.
  const auto deadline =
      steady_clock::now() + std::min<std::chrono::milliseconds>(bound, std::chrono::hours(24));
  Waiter self;
  mu_.Lock();
  // Registered before the first look: an entry that comes after the look wakes us.
  const auto place = waiters_.emplace(feed, &self);
  bool found = false;
  while (!closed_) {
    if (self.again) {
      self.again = false;
      mu_.Unlock();
      found = ready();
      mu_.Lock();
      if (found) break;
      continue;
    }
    const auto left = deadline - steady_clock::now();
    if (left <= steady_clock::duration::zero()) break;
    self.woken.WaitFor(mu_, left);
  }
  waiters_.erase(place);
  if (closed_ && waiters_.empty()) left_.NotifyAll();
  mu_.Unlock();
  return found;
}

void FeedWaiters::Wake(const std::set<std::string>& feeds) {
  const MutexLock lock(mu_);
  for (const std::string& feed : feeds) {
    const auto [first, last] = waiters_.equal_range(feed);
    for (auto at = first; at != last; ++at) {
      at->second->again = true;
      at->second->woken.NotifyOne();
    }
  }
}

void FeedWaiters::Close() {
  const MutexLock lock(mu_);
  closed_ = true;
  for (const auto& [feed, waiter] : waiters_) waiter->woken.NotifyOne();
  while (!waiters_.empty()) left_.WaitFor(mu_, std::chrono::seconds(1));
}

}  // namespace landfall::meta
