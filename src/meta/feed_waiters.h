// Threads that wait for a feed to grow. Private to meta. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace landfall::meta {

class FeedWaiters {
 public:
  ~FeedWaiters() { Close(); }

  // Blocks until `ready` holds (true), or `bound` has passed or Close was called (false). `ready`
  // is asked at once and after each Wake of this feed, without a lock held.
  bool Wait(const std::string& feed, std::chrono::milliseconds bound,
            const std::function<bool()>& ready);
  void Wake(const std::set<std::string>& feeds);
  // Returns when the last waiter has left.
  void Close();

 private:
  struct Waiter {
    CondVar woken;
    bool again = true;
  };

  Mutex mu_;
  CondVar left_;
  bool closed_ GUARDED_BY(mu_) = false;
  std::multimap<std::string, Waiter*, std::less<>> waiters_ GUARDED_BY(mu_);
};

}  // namespace landfall::meta
