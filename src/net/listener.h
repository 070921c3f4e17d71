// The event loop: accepts, waits for heads, hands ready connections to the pool and takes them
// back.
//
// A connection is owned by the loop (deadline set) or by one pool thread (no deadline), never both.
// The sweep ends overdue connections by shutting the socket down, which wakes whoever owns it; only
// the owner closes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "net/asio.h"
#include "net/exchange.h"
#include "net/handler_pool.h"
#include "net/net.h"

namespace landfall::net {

class Listener final : public Server {
 public:
  using tcp = boost::asio::ip::tcp;

  Listener(const ServerOptions& options, const Router& router, Clock& clock, Log& log,
           Metrics& metrics);
  ~Listener() override;
  Status Start();

  std::string host() const override { return host_; }
  std::uint16_t port() const override { return port_; }
  void Drain() override;

 private:
  struct Peer;
  static constexpr std::int64_t kBusy = 0, kExpired = -1;  // instead of a deadline

  Status Bind();
  void Accept();
  void OnAccept(const boost::system::error_code& error, tcp::socket socket);
  void Admit(tcp::socket socket);
  void Await(Peer& peer, std::chrono::milliseconds bound);
  void OnReadable(Peer& peer, const boost::system::error_code& error);
  void ServePeer(Peer& peer);
  void Close(Peer& peer);
  void Sweep();
  void CloseOverdue(std::int64_t now_us);
  void StopBusy(bool vanished_only);
  void ShutDown(bool busy_ones, int how);
  bool AwaitEmpty(std::chrono::milliseconds bound);

  Site site_;
  std::string host_;
  std::uint16_t port_ = 0;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer sweep_, accept_again_;

  Mutex mu_;
  CondVar gone_;
  std::unordered_map<const Connection*, std::unique_ptr<Peer>> peers_ GUARDED_BY(mu_);
  std::uint64_t accepted_ GUARDED_BY(mu_) = 0;

  Mutex drain_mu_;  // before mu_
  bool drained_ GUARDED_BY(drain_mu_) = false;

  HandlerPool pool_;
  std::vector<std::jthread> io_threads_;
};

}  // namespace landfall::net
