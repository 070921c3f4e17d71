// One subscription at work: the shell around SubscriptionCore that owns the lock, the waiters, the
// read-ahead from the topic's feed and the durable record of what is acked. Private to pubsub.
// Thread-safe.
//
// `mu_` is a leaf: no call of meta, and of nobody else, is made under it. That is what lets
// Staged() be called from a change on meta's committer thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status.h"
#include "pubsub/backlog.h"
#include "pubsub/core.h"
#include "pubsub/pubsub.h"

namespace landfall::pubsub {

constexpr std::size_t kPullMessagesMax = 1000;  // more may be asked for; this many come at once
constexpr std::size_t kPullBytesMax = 8u
                                      << 20;  // of one answer; a single larger message comes alone
constexpr std::size_t kReadAheadBytesMax =
    8u << 20;  // read but not delivered; passed by at most one ReadFeed
constexpr std::size_t kReadAheadMessagesMax = 1000;  // per ReadFeed

struct Counters {
  Counter& published;
  Counter& delivered;
  Counter& acked;
  Counter& outlived;
};

// What every subscription uses; all of it outlives them.
struct Deps {
  meta::Store& meta;
  Clock& clock;
  Random& random;
  Log& log;
  Counters counters;
};

class LiveSubscription {
 public:
  LiveSubscription(const SubscriptionRecord& record, std::size_t window_messages_max,
                   const Deps& deps);

  Uid topic_uid() const { return uids_.topic; }
  SubscriptionUids uids() const { return uids_; }

  Result<std::vector<Delivery>> Pull(const CallContext& ctx, std::size_t messages_max,
                                     std::chrono::milliseconds wait);
  Status Acknowledge(const std::vector<std::string>& ack_ids);
  Status ModifyAckDeadline(const std::vector<std::string>& ack_ids, std::chrono::seconds deadline);

  // A change that is not yet durable has written the topic's messages up to `head`.
  void Staged(Position head);
  // The subscription is deleted: waiters return kNotFound.
  void Close();
  // Drops what has outlived retention, also when nobody pulls.
  Status Sweep();

 private:
  struct Taken {
    Lease lease;
    std::optional<Message> message;  // absent: it has to be read again
  };
  struct Budget;  // of one Pull's waiting

  Instant Now() { return {.monotonic = deps_.clock.Monotonic(), .wall = deps_.clock.Now()}; }
  // Reads ahead when fewer than `wanted` messages are available.
  Status Fill(std::size_t wanted);
  Result<std::size_t> ReadAhead(Position after, std::size_t messages_max);
  Status Load();
  void SkipAcked() REQUIRES(mu_);
  void OfferEntry(Position position, Entry entry) REQUIRES(mu_);
  // How many messages it dropped.
  Result<std::size_t> DropOutlived();
  Result<bool> NextHasOutlived();
  std::vector<Taken> Take(std::size_t messages_max);
  Result<std::vector<Delivery>> Deliver(std::vector<Taken> taken);
  // Makes it durable that these settling messages are done with.
  Status Finish(std::vector<Position> positions);
  void WaitForMore(const CallContext& ctx, Budget& budget);
  bool IsClosed();
  std::vector<LeaseRef> Known(const std::vector<std::string>& ack_ids) const;

  const std::string name_;
  const SubscriptionUids uids_;
  const Duration retention_;
  const std::uint64_t
      epoch_;  // of this process's leases: an ack id from before a restart is unknown
  const Deps deps_;

  Mutex mu_;
  CondVar changed_;
  SubscriptionCore core_ GUARDED_BY(mu_);
  std::map<Position, Message> read_ahead_ GUARDED_BY(mu_);  // offered, never delivered
  std::size_t read_ahead_bytes_ GUARDED_BY(mu_) = 0;
  std::deque<Range> acked_ GUARDED_BY(mu_);  // found at start, not yet passed by the read-ahead
  Position read_through_ GUARDED_BY(mu_) = 0;
  Position staged_ GUARDED_BY(mu_) = 0;
  bool loaded_ GUARDED_BY(mu_) = false;
  bool caught_up_ GUARDED_BY(mu_) = false;  // the last read found nothing
  bool filling_ GUARDED_BY(mu_) = false;
  bool closed_ GUARDED_BY(mu_) = false;
};

// "Resource not found (resource=S)." as Google words it; S is the last part of the name.
Status ResourceNotFound(std::string_view name);

}  // namespace landfall::pubsub
