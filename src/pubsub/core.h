// The delivery state of one subscription, as a pure state machine: no clock, no locks, no I/O, no
// payloads. The shell offers positions of the topic's log and makes durable what the core says is
// finished. Private to pubsub.
//
//   Offer -> available -> (Pull) leased -> (Ack) settling -> (Settle) gone
//              ^  \--------(Tick: past retention) settling
//              \---- nack, expiry, Return, or a Settle that could not be made durable
//
// At most `window_max` messages are known at a time; Room() says how many more the shell may offer.
// A message that is known as finished but not yet durably so ("settling") is neither delivered nor
// forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "meta/meta.h"

namespace landfall::pubsub {

using Position = meta::Seq;  // of a message in its topic's log

struct Instant {
  MonotonicTime monotonic;  // measures leases
  TimePoint wall;           // measures retention
};

// What an ack id says beside the subscription's epoch. `token` is new with every delivery and
// random.
struct LeaseRef {
  Position position = 0;
  std::uint64_t token = 0;
};

struct Lease {
  LeaseRef ref{};
  int delivery_attempt = 1;
};

class SubscriptionCore {
 public:
  struct Config {
    std::size_t window_max = 10'000;
    Duration ack_deadline{0};
    Duration retention{0};
  };

  SubscriptionCore(Config config, Random& random) : config_(config), random_(random) {}

  std::size_t Room() const { return config_.window_max - messages_.size(); }
  std::size_t available() const { return available_.size(); }
  std::size_t leased() const { return deadlines_.size(); }

  // The next unfinished message of the log; positions only ever rise. Needs Room().
  void Offer(Position position, TimePoint publish_time);

  // Leases the oldest available messages for the subscription's ack deadline.
  std::vector<Lease> Pull(std::size_t messages_max, Instant now);
  // True when `ref` is a lease that runs: the message is settling now, and the caller owes a
  // Settle. False, without effect, when the lease has expired, was given back, was replaced or
  // never was.
  bool Ack(const LeaseRef& ref, Instant now);
  // Zero gives the message back (nack), otherwise the lease runs until now + `deadline`. False as
  // for Ack.
  bool ModifyAckDeadline(const LeaseRef& ref, Duration deadline, Instant now);

  // Ends expired leases. Returns the available messages that outlived retention, oldest first; they
  // are settling.
  std::vector<Position> Tick(Instant now);
  // When Tick next has a lease to end.
  std::optional<MonotonicTime> NextWake() const;

  // `durable`: the finished message is recorded as such and is forgotten. Otherwise it is available
  // again.
  void Settle(Position position, bool durable);
  // Takes a lease back as if the delivery had not happened: the attempt does not count.
  void Return(const LeaseRef& ref);

 private:
  enum class State : std::uint8_t { kAvailable, kLeased, kSettling };
  struct Known {
    State state = State::kAvailable;
    int attempts = 0;  // deliveries so far
    std::uint64_t token = 0;
    MonotonicTime deadline{};
    TimePoint publish_time{};
  };
  using Messages = std::map<Position, Known>;

  void EndExpiredLeases(MonotonicTime now);
  // The message under the running lease `ref`, or end().
  Messages::iterator FindLeased(const LeaseRef& ref, MonotonicTime now);
  void MakeAvailable(Messages::iterator message);

  const Config config_;
  Random& random_;
  Messages messages_;
  std::set<Position> available_;  // redelivery is oldest first
  std::set<std::pair<MonotonicTime, Position>> deadlines_;
  Position offered_through_ = 0;
};

}  // namespace landfall::pubsub
