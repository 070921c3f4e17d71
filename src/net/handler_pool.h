// Threads that may block, started when they are needed, never more than a fixed number.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace landfall::net {

struct Connection;

// The queue needs no limit of its own: it holds each connection at most once.
class HandlerPool {
 public:
  using Job = std::function<void(Connection&)>;
  HandlerPool(std::size_t threads_max, Job job) : threads_max_(threads_max), job_(std::move(job)) {}
  ~HandlerPool();  // waits for the jobs that run; those still queued are not run
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  void Submit(Connection& connection);

 private:
  void Loop();

  const std::size_t threads_max_;
  const Job job_;
  Mutex mu_;
  CondVar wake_;
  std::deque<Connection*> queue_ GUARDED_BY(mu_);
  std::size_t idle_ GUARDED_BY(mu_) = 0;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::jthread> threads_ GUARDED_BY(mu_);
};

}  // namespace landfall::net
