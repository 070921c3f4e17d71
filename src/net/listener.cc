#include "net/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>

namespace landfall::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kSweepMax{1'000}, kSweepMin{5};
constexpr std::chrono::milliseconds kAcceptAgain{100};  // after running out of descriptors
constexpr std::chrono::milliseconds kDrainGrace{
    2'000};                               // to write an answer after the stop was requested
constexpr std::size_t kRefusedMax = 256;  // connections over the limit that still get a 503
constexpr int kBacklog = 4096;

// Socket timeouts follow the kernel's clock, as poll() does, not the injected one.
std::int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string Text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

}  // namespace

struct Listener::Peer final : Connection {
  Peer(tcp::socket s, std::chrono::milliseconds stall_max, std::string name, std::uint64_t number)
      : Connection(s.native_handle(), stall_max, std::move(name), number), socket(std::move(s)) {}
  tcp::socket socket;
  std::atomic<std::int64_t> deadline_us{kBusy};
};

Listener::Listener(const ServerOptions& options, const Router& router, Clock& clock, Log& log,
                   Metrics& metrics)
    : site_(options, router, clock, log, metrics),
      host_(options.host),
      io_(static_cast<int>(std::max<std::size_t>(1, options.io_threads))),
      work_(asio::make_work_guard(io_)),
      acceptor_(io_),
      sweep_(io_),
      accept_again_(io_),
      pool_(std::max<std::size_t>(1, options.handlers_max),
            [this](Connection& connection) { ServePeer(static_cast<Peer&>(connection)); }) {}

Listener::~Listener() {
  Drain();
  work_.reset();
  io_.stop();
  io_threads_.clear();  // joins
}

Status Listener::Bind() {
  const std::string name = site_.options.host + ":" + std::to_string(site_.options.port);
  error_code error;
  tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(site_.options.host, std::to_string(site_.options.port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty())
    return InvalidArgument("cannot listen on " + name + ": " + error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error == asio::error::address_in_use) {
    return FailedPrecondition("cannot listen on " + name + ": the address is in use",
                              "addressInUse");
  }
  if (error) return InvalidArgument("cannot listen on " + name + ": " + error.message());
  port_ = acceptor_.local_endpoint(error).port();
  site_.authority = host_ + ":" + std::to_string(port_);
  return {};
}

Status Listener::Start() {
  TRY(Bind());
  Accept();
  Sweep();
  for (std::size_t i = 0; i < std::max<std::size_t>(1, site_.options.io_threads); ++i) {
    io_threads_.emplace_back([this] { io_.run(); });
  }
  return {};
}

void Listener::Accept() {
  acceptor_.async_accept(
      [this](const error_code& error, tcp::socket socket) { OnAccept(error, std::move(socket)); });
}

void Listener::OnAccept(const error_code& error, tcp::socket socket) {
  if (site_.draining.load() || error == asio::error::operation_aborted) return;
  if (!error) {
    Admit(std::move(socket));
    return Accept();
  }
  if (error == asio::error::connection_aborted) return Accept();
  site_.log.Warn("http_accept_failed", {{"error", error.message()}});
  accept_again_.expires_after(kAcceptAgain);
  accept_again_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) Accept();
  });
}

void Listener::Admit(tcp::socket socket) {
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (!error) socket.native_non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;  // gone already
  Peer* peer = nullptr;
  {
    const MutexLock lock(mu_);
    if (peers_.size() >= site_.options.connections_max + kRefusedMax) return;
    auto made = std::make_unique<Peer>(std::move(socket), site_.options.stall_max, Text(remote),
                                       ++accepted_);
    peer = made.get();
    peer->over_limit = peers_.size() >= site_.options.connections_max;
    peers_.emplace(peer, std::move(made));
    site_.metrics.connections.Set(static_cast<std::int64_t>(peers_.size()));
  }
  Await(*peer, std::min(site_.options.idle_max, site_.options.stall_max));
}

void Listener::Await(Peer& peer, std::chrono::milliseconds bound) {
  peer.Connection::inbox.Shrink();
  peer.deadline_us.store(NowUs() + std::chrono::microseconds(bound).count());
  // A drain that did not see the deadline yet is seen here, and the other way round.
  if (site_.draining.load()) return Close(peer);
  peer.socket.async_wait(tcp::socket::wait_read,
                         [this, &peer](const error_code& error) { OnReadable(peer, error); });
}

void Listener::OnReadable(Peer& peer, const error_code& error) {
  const std::int64_t deadline_us = peer.deadline_us.exchange(kBusy);
  if (error || deadline_us == kExpired) return Close(peer);
  std::array<char, 16 * 1024> block;
  const auto n = peer.wire.ReadReady(block);
  if (n && (!n->ok() || **n == 0)) return Close(peer);
  const bool head_started = !peer.inbox.empty();
  if (n) peer.inbox.Append({block.data(), **n});
  if (IsReady(peer, site_.options.head_bytes_max)) return pool_.Submit(peer);
  // A head may take stall_max from its first byte on, however it trickles in.
  const std::int64_t left_us = head_started
                                   ? deadline_us - NowUs()
                                   : std::chrono::microseconds(site_.options.stall_max).count();
  Await(peer, std::chrono::ceil<std::chrono::milliseconds>(
                  std::chrono::microseconds(std::max<std::int64_t>(left_us, 0))));
}

// On a pool thread.
void Listener::ServePeer(Peer& peer) {
  After after = After::kClose;
  try {
    after = Serve(site_, peer);
  } catch (const std::exception& e) {
    site_.log.Error("http_connection_failed", {{"peer", peer.peer}, {"exception", e.what()}});
  }
  switch (after) {
    case After::kIdle:
      return Await(peer, peer.inbox.empty() ? site_.options.idle_max : site_.options.stall_max);
    case After::kAgain:
      return pool_.Submit(peer);
    case After::kClose:
      return Close(peer);
  }
}

void Listener::Close(Peer& peer) {
  std::unique_ptr<Peer> owned;  // closed after the lock is given back
  bool last = false;
  {
    const MutexLock lock(mu_);
    auto node = peers_.extract(&peer);
    CHECK(!node.empty());
    owned = std::move(node.mapped());
    last = peers_.empty();
    site_.metrics.connections.Set(static_cast<std::int64_t>(peers_.size()));
    if (last) gone_.NotifyAll();
  }
}

void Listener::Sweep() {
  const std::chrono::milliseconds step = std::clamp(
      std::min(site_.options.idle_max, site_.options.stall_max) / 4, kSweepMin, kSweepMax);
  sweep_.expires_after(step);
  sweep_.async_wait([this](const error_code& error) {
    if (error) return;
    CloseOverdue(NowUs());
    StopBusy(true);
    Sweep();
  });
}

void Listener::CloseOverdue(std::int64_t now_us) {
  const MutexLock lock(mu_);
  for (const auto& [key, peer] : peers_) {
    std::int64_t deadline_us = peer->deadline_us.load();
    if (deadline_us <= 0 || deadline_us > now_us) continue;
    if (peer->deadline_us.compare_exchange_strong(deadline_us, kExpired))
      shutdown(peer->wire.fd(), SHUT_RDWR);
  }
}

// Tells handlers that nobody waits for them any more. A client that only closed its sending side
// counts as gone, too: the two cannot be told apart.
void Listener::StopBusy(bool vanished_only) {
  std::vector<std::stop_source>
      stops;  // requested without the lock: it runs the handlers' callbacks
  {
    const MutexLock lock(mu_);
    for (const auto& [key, peer] : peers_) {
      if (peer->deadline_us.load() != kBusy || peer->stop.stop_requested()) continue;
      if (!vanished_only || peer->wire.PeerIsGone()) stops.push_back(peer->stop);
    }
  }
  for (std::stop_source& stop : stops) stop.request_stop();
}

void Listener::ShutDown(bool busy_ones, int how) {
  const MutexLock lock(mu_);
  for (const auto& [key, peer] : peers_) {
    if (busy_ones || peer->deadline_us.load() != kBusy) shutdown(peer->wire.fd(), how);
  }
}

bool Listener::AwaitEmpty(std::chrono::milliseconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  const MutexLock lock(mu_);
  while (!peers_.empty()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    gone_.WaitFor(mu_, left);
  }
  return true;
}

void Listener::Drain() {
  const MutexLock drain_lock(drain_mu_);
  if (drained_) return;
  drained_ = true;
  site_.draining.store(true);
  if (io_threads_.empty()) return;  // never started
  asio::post(io_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    accept_again_.cancel();
  });
  ShutDown(false, SHUT_RDWR);
  if (AwaitEmpty(site_.options.drain_max)) return;
  site_.log.Warn("http_drain_slow", {{"after_ms", site_.options.drain_max.count()}});
  StopBusy(false);
  ShutDown(true, SHUT_RD);
  if (AwaitEmpty(kDrainGrace)) return;
  ShutDown(true, SHUT_RDWR);
  while (!AwaitEmpty(std::chrono::seconds(60))) {
    site_.log.Error("http_drain_stuck", {{"why", "a handler ignores its stop token"}});
  }
}

Result<std::unique_ptr<Server>> Listen(ServerOptions options, const Router& router, Clock& clock,
                                       Log& log, Metrics& metrics) {
  auto listener = std::make_unique<Listener>(options, router, clock, log, metrics);
  TRY(listener->Start());
  return std::unique_ptr<Server>(std::move(listener));
}

}  // namespace landfall::net
