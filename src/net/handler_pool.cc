#include "net/handler_pool.h"

#include <pthread.h>

#include <chrono>
#include <csignal>

#include "base/status.h"

namespace landfall::net {
namespace {

// sendfile() has no MSG_NOSIGNAL; a vanished client must not end the process.
void BlockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

}  // namespace

HandlerPool::~HandlerPool() {
  std::vector<std::jthread> threads;
  {
    const MutexLock lock(mu_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.NotifyAll();
  threads.clear();  // joins
}

void HandlerPool::Submit(Connection& connection) {
  bool wake = false;
  {
    const MutexLock lock(mu_);
    if (stopping_) return;
    queue_.push_back(&connection);
    if (queue_.size() > idle_ && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { Loop(); });
    } else {
      wake = idle_ > 0;
    }
  }
  if (wake) wake_.NotifyOne();  // who is woken under the lock would only wait for it
}

void HandlerPool::Loop() {
  BlockSigpipe();
  for (;;) {
    Connection* connection = nullptr;
    {
      const MutexLock lock(mu_);
      ++idle_;
      while (queue_.empty() && !stopping_) wake_.WaitFor(mu_, std::chrono::seconds(60));
      --idle_;
      if (stopping_) return;
      connection = queue_.front();
      queue_.pop_front();
    }
    job_(*connection);
  }
}

}  // namespace landfall::net
