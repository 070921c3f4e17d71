#include "pubsub/live.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <stop_token>
#include <utility>

#include "base/text.h"

namespace landfall::pubsub {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWaitSlice{1000};
// How long a waiter looks at the feed alone, deaf to nacks, once it knows that a commit is on its
// way.
constexpr milliseconds kCommitSlice{50};

// An ack id is 24 bytes in hex: epoch, position, token.
std::string AckIdOf(std::uint64_t epoch, const LeaseRef& ref) {
  return Hex(meta::OrderedInt(epoch) + meta::OrderedInt(ref.position) +
             meta::OrderedInt(ref.token));
}

std::optional<std::uint64_t> FromHex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::size_t BytesOf(const Message& message) {
  std::size_t bytes = message.data.size() + message.ordering_key.size();
  for (const auto& [key, value] : message.attributes) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace

Status ResourceNotFound(std::string_view name) {
  return NotFound("Resource not found (resource=" + std::string(name.substr(name.rfind('/') + 1)) +
                  ").");
}

// Time left to wait. Slept time counts beside the clock's, so that a Pull under a clock that stands
// still ends too.
struct LiveSubscription::Budget {
  Clock& clock;
  MonotonicTime deadline;
  Duration asleep_max;

  Duration left() const { return std::min<Duration>(deadline - clock.Monotonic(), asleep_max); }
};

LiveSubscription::LiveSubscription(const SubscriptionRecord& record,
                                   std::size_t window_messages_max, const Deps& deps)
    : name_(record.subscription.name),
      uids_{.topic = record.topic_uid, .subscription = record.uid},
      retention_(record.subscription.message_retention),
      epoch_(deps.random.Next()),
      deps_(deps),
      core_({.window_max = window_messages_max,
             .ack_deadline = record.subscription.ack_deadline,
             .retention = retention_},
            deps.random) {}

Result<std::vector<Delivery>> LiveSubscription::Pull(const CallContext& ctx,
                                                     std::size_t messages_max, milliseconds wait) {
  messages_max = std::min(messages_max, kPullMessagesMax);
  Budget budget{
      .clock = deps_.clock, .deadline = deps_.clock.Monotonic() + wait, .asleep_max = wait};
  if (ctx.deadline) budget.deadline = std::min(budget.deadline, *ctx.deadline);
  while (true) {
    do {
      TRY(Fill(messages_max));
    } while (TRY(DropOutlived()) > 0);
    std::vector<Delivery> deliveries = TRY(Deliver(Take(messages_max)));
    if (IsClosed()) return ResourceNotFound(name_);
    if (!deliveries.empty() || ctx.stop.stop_requested() || budget.left() <= Duration::zero()) {
      deps_.counters.delivered.Add(deliveries.size());
      return deliveries;
    }
    WaitForMore(ctx, budget);
  }
}

Status LiveSubscription::Fill(std::size_t wanted) {
  TRY(Load());
  while (true) {
    Position after = 0;
    std::size_t messages_max = 0;
    {
      const MutexLock lock(mu_);
      if (filling_ || core_.available() >= wanted || read_ahead_bytes_ >= kReadAheadBytesMax)
        return {};
      messages_max = std::min(core_.Room(), kReadAheadMessagesMax);
      if (messages_max == 0) return {};
      SkipAcked();
      after = read_through_;
      filling_ = true;
    }
    const Result<std::size_t> read = ReadAhead(after, messages_max);
    if (!read.ok()) return read.status();
    if (*read == 0) return {};
  }
}

// Only the thread that set `filling_` is here.
Result<std::size_t> LiveSubscription::ReadAhead(Position after, std::size_t messages_max) {
  const Result<std::vector<meta::FeedEntry>> read =
      deps_.meta.ReadFeed(FeedName(uids_.topic), after, messages_max);
  Status failure = read.status();
  std::vector<std::pair<Position, Entry>> entries;
  if (read.ok()) {
    for (const meta::FeedEntry& raw : *read) {
      Result<Entry> entry = DecodeEntry(raw.seq, raw.payload);
      if (!entry.ok()) {
        failure = entry.status();
        break;
      }
      entries.emplace_back(raw.seq, std::move(*entry));
    }
  }
  const MutexLock lock(mu_);
  filling_ = false;
  caught_up_ = failure.ok() && entries.empty();
  for (auto& [position, entry] : entries) OfferEntry(position, std::move(entry));
  changed_.NotifyAll();
  if (!failure.ok()) return failure;
  return entries.size();
}

Status LiveSubscription::Load() {
  {
    const MutexLock lock(mu_);
    if (loaded_) return {};
  }
  const Result<AckState> state = LoadAcked(*deps_.meta.Snapshot(), uids_);
  if (!state.ok())
    return state.status().code() == Code::kNotFound ? ResourceNotFound(name_) : state.status();
  const MutexLock lock(mu_);
  if (loaded_)
    return {};  // another thread was faster; nothing can have been acked before the first load
  read_through_ = state->low;
  acked_.assign(state->acked.begin(), state->acked.end());
  loaded_ = true;
  return {};
}

void LiveSubscription::SkipAcked() {
  while (!acked_.empty() && acked_.front().first <= read_through_ + 1) {
    read_through_ = std::max(read_through_, acked_.front().last);
    acked_.pop_front();
  }
}

void LiveSubscription::OfferEntry(Position position, Entry entry) {
  SkipAcked();
  if (position <= read_through_) return;
  read_through_ = position;
  core_.Offer(position, entry.publish_time);
  if (entry.pieces != 0) return;  // too large to keep: read when delivered
  read_ahead_bytes_ += BytesOf(entry.message);
  read_ahead_.emplace_hint(read_ahead_.end(), position, std::move(entry.message));
}

Result<std::size_t> LiveSubscription::DropOutlived() {
  std::vector<Position> outlived;
  {
    const MutexLock lock(mu_);
    outlived = core_.Tick(Now());
    for (const Position position : outlived) {
      const auto found = read_ahead_.find(position);
      if (found == read_ahead_.end()) continue;
      read_ahead_bytes_ -= BytesOf(found->second);
      read_ahead_.erase(found);
    }
  }
  const std::size_t count = outlived.size();
  if (count == 0) return count;
  TRY(Finish(std::move(outlived)));
  deps_.counters.outlived.Add(count);
  deps_.log.Info("messages_outlived_retention", {{"subscription", name_}, {"messages", count}});
  return count;
}

std::vector<LiveSubscription::Taken> LiveSubscription::Take(std::size_t messages_max) {
  const MutexLock lock(mu_);
  std::vector<Taken> taken;
  if (closed_) return taken;
  for (const Lease& lease : core_.Pull(messages_max, Now())) {
    taken.push_back({.lease = lease, .message = std::nullopt});
    auto cached = read_ahead_.extract(lease.ref.position);
    if (cached.empty()) continue;
    read_ahead_bytes_ -= BytesOf(cached.mapped());
    taken.back().message = std::move(cached.mapped());
  }
  return taken;
}

Result<std::vector<Delivery>> LiveSubscription::Deliver(std::vector<Taken> taken) {
  std::vector<Delivery> deliveries;
  deliveries.reserve(taken.size());
  std::size_t bytes = 0;
  std::size_t at = 0;
  Status failure;
  for (; at < taken.size() && bytes < kPullBytesMax; ++at) {
    Taken& next = taken[at];
    if (!next.message) {
      Result<Message> read = ReadMessage(deps_.meta, uids_.topic, next.lease.ref.position);
      if (!read.ok()) {
        failure = read.status();
        break;
      }
      next.message = std::move(*read);
    }
    const std::size_t message_bytes = BytesOf(*next.message);
    if (at > 0 && bytes + message_bytes > kPullBytesMax) break;
    bytes += message_bytes;
    deliveries.push_back({.ack_id = AckIdOf(epoch_, next.lease.ref),
                          .message = std::move(*next.message),
                          .delivery_attempt = next.lease.delivery_attempt});
  }
  if (at < taken.size()) {
    const MutexLock lock(mu_);
    for (; at < taken.size(); ++at) core_.Return(taken[at].lease.ref);
    changed_.NotifyAll();
  }
  if (deliveries.empty() && !failure.ok()) return failure;
  return deliveries;
}

std::vector<LeaseRef> LiveSubscription::Known(const std::vector<std::string>& ack_ids) const {
  std::vector<LeaseRef> refs;
  for (const std::string_view id : ack_ids) {
    if (id.size() != 48 || FromHex(id.substr(0, 16)) != epoch_) continue;
    const std::optional<std::uint64_t> position = FromHex(id.substr(16, 16));
    const std::optional<std::uint64_t> token = FromHex(id.substr(32, 16));
    if (position && token) refs.push_back({.position = *position, .token = *token});
  }
  return refs;
}

Status LiveSubscription::Acknowledge(const std::vector<std::string>& ack_ids) {
  std::vector<Position> acked;
  const std::vector<LeaseRef> refs = Known(ack_ids);
  {
    const MutexLock lock(mu_);
    if (closed_) return ResourceNotFound(name_);
    const Instant now = Now();
    for (const LeaseRef& ref : refs) {
      if (core_.Ack(ref, now)) acked.push_back(ref.position);
    }
  }
  if (acked.empty()) return {};
  const std::size_t count = acked.size();
  TRY(Finish(std::move(acked)));
  deps_.counters.acked.Add(count);
  return {};
}

Status LiveSubscription::Finish(std::vector<Position> positions) {
  std::sort(positions.begin(), positions.end());
  const Status recorded =
      deps_.meta.Commit([&](meta::Txn& txn) { return RecordAcked(txn, uids_, positions); });
  {
    const MutexLock lock(mu_);
    for (const Position position : positions) core_.Settle(position, recorded.ok());
    changed_.NotifyAll();
  }
  return recorded.code() == Code::kNotFound ? ResourceNotFound(name_) : recorded;
}

Status LiveSubscription::ModifyAckDeadline(const std::vector<std::string>& ack_ids,
                                           std::chrono::seconds deadline) {
  const std::vector<LeaseRef> refs = Known(ack_ids);
  const MutexLock lock(mu_);
  if (closed_) return ResourceNotFound(name_);
  const Instant now = Now();
  for (const LeaseRef& ref : refs) core_.ModifyAckDeadline(ref, deadline, now);
  changed_.NotifyAll();
  return {};
}

void LiveSubscription::Staged(Position head) {
  const MutexLock lock(mu_);
  staged_ = std::max(staged_, head);
  changed_.NotifyAll();
}

void LiveSubscription::Close() {
  const MutexLock lock(mu_);
  closed_ = true;
  changed_.NotifyAll();
}

bool LiveSubscription::IsClosed() {
  const MutexLock lock(mu_);
  return closed_;
}

// Returns when there may be something to deliver or to notice; the caller looks again. Every change
// it waits for is in a condition read under `mu_` first, so none is slept through.
void LiveSubscription::WaitForMore(const CallContext& ctx, Budget& budget) {
  const std::stop_callback wake(ctx.stop, [this] {
    const MutexLock lock(mu_);
    changed_.NotifyAll();
  });
  Position after = 0;
  {
    const MutexLock lock(mu_);
    if (closed_ || ctx.stop.stop_requested() || core_.available() > 0) return;
    const bool may_read = !filling_ && core_.Room() > 0;
    if (may_read && !caught_up_) return;
    if (!may_read || staged_ <= read_through_) {
      Duration until = std::min<Duration>(budget.left(), kWaitSlice);
      if (const auto next = core_.NextWake())
        until = std::min(until, *next - deps_.clock.Monotonic());
      if (until > Duration::zero() && !changed_.WaitFor(mu_, until)) budget.asleep_max -= until;
      return;
    }
    after = read_through_;
  }
  const milliseconds bound =
      std::clamp(std::chrono::ceil<milliseconds>(budget.left()), milliseconds(0), kCommitSlice);
  if (!deps_.meta.WaitFeed(FeedName(uids_.topic), after, bound)) budget.asleep_max -= bound;
}

Status LiveSubscription::Sweep() {
  TRY(Load());
  while (TRY(DropOutlived()) > 0 || TRY(NextHasOutlived())) TRY(Fill(1));
  return {};
}

// Looks at one message only: a sweep must not read ahead for subscriptions that nobody pulls.
Result<bool> LiveSubscription::NextHasOutlived() {
  Position after = 0;
  {
    const MutexLock lock(mu_);
    if (closed_ || filling_ || core_.available() > 0 || core_.Room() == 0) return false;
    SkipAcked();
    after = read_through_;
  }
  const std::vector<meta::FeedEntry> next =
      TRY(deps_.meta.ReadFeed(FeedName(uids_.topic), after, 1));
  if (next.empty()) return false;
  const Entry entry = TRY(DecodeEntry(next.front().seq, next.front().payload));
  return entry.publish_time + retention_ <= deps_.clock.Now();
}

}  // namespace landfall::pubsub
