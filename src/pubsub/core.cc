#include "pubsub/core.h"

namespace landfall::pubsub {

void SubscriptionCore::Offer(Position position, TimePoint publish_time) {
  CHECK(position > offered_through_ && Room() > 0);
  offered_through_ = position;
  messages_.emplace_hint(messages_.end(), position, Known{.publish_time = publish_time});
  available_.insert(available_.end(), position);
}

std::vector<Lease> SubscriptionCore::Pull(std::size_t messages_max, Instant now) {
  EndExpiredLeases(now.monotonic);
  std::vector<Lease> leases;
  if (available_.empty()) return leases;
  // One draw for all: who holds one of these leases holds its neighbours too, so there is nothing
  // to guess.
  const std::uint64_t first_token = random_.Next();
  while (leases.size() < messages_max && !available_.empty()) {
    const Position position = *available_.begin();
    available_.erase(available_.begin());
    Known& message = messages_.at(position);
    message.state = State::kLeased;
    message.attempts += 1;
    message.token = first_token + leases.size();
    message.deadline = now.monotonic + config_.ack_deadline;
    deadlines_.emplace(message.deadline, position);
    leases.push_back({.ref = {.position = position, .token = message.token},
                      .delivery_attempt = message.attempts});
  }
  return leases;
}

bool SubscriptionCore::Ack(const LeaseRef& ref, Instant now) {
  const auto found = FindLeased(ref, now.monotonic);
  if (found == messages_.end()) return false;
  deadlines_.erase({found->second.deadline, found->first});
  found->second.state = State::kSettling;
  return true;
}

bool SubscriptionCore::ModifyAckDeadline(const LeaseRef& ref, Duration deadline, Instant now) {
  const auto found = FindLeased(ref, now.monotonic);
  if (found == messages_.end()) return false;
  deadlines_.erase({found->second.deadline, found->first});
  if (deadline <= Duration::zero()) {
    MakeAvailable(found);
    return true;
  }
  found->second.deadline = now.monotonic + deadline;
  deadlines_.emplace(found->second.deadline, found->first);
  return true;
}

std::vector<Position> SubscriptionCore::Tick(Instant now) {
  EndExpiredLeases(now.monotonic);
  std::vector<Position> outlived;
  // Publish times rise with positions but for steps of the wall clock, so the first young message
  // ends the search; what a step hid is found once its elders are gone.
  while (!available_.empty()) {
    Known& oldest = messages_.at(*available_.begin());
    if (oldest.publish_time + config_.retention > now.wall) break;
    oldest.state = State::kSettling;
    outlived.push_back(*available_.begin());
    available_.erase(available_.begin());
  }
  return outlived;
}

std::optional<MonotonicTime> SubscriptionCore::NextWake() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void SubscriptionCore::Settle(Position position, bool durable) {
  const auto found = messages_.find(position);
  CHECK(found != messages_.end() && found->second.state == State::kSettling);
  if (durable) {
    messages_.erase(found);
  } else {
    MakeAvailable(found);
  }
}

void SubscriptionCore::Return(const LeaseRef& ref) {
  const auto found = messages_.find(ref.position);
  if (found == messages_.end() || found->second.state != State::kLeased ||
      found->second.token != ref.token) {
    return;  // it expired meanwhile, and may be with somebody else
  }
  deadlines_.erase({found->second.deadline, found->first});
  found->second.attempts -= 1;
  MakeAvailable(found);
}

void SubscriptionCore::EndExpiredLeases(MonotonicTime now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto message = messages_.find(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    MakeAvailable(message);
  }
}

SubscriptionCore::Messages::iterator SubscriptionCore::FindLeased(const LeaseRef& ref,
                                                                  MonotonicTime now) {
  const auto found = messages_.find(ref.position);
  if (found == messages_.end() || found->second.state != State::kLeased ||
      found->second.token != ref.token || found->second.deadline <= now) {
    return messages_.end();
  }
  return found;
}

void SubscriptionCore::MakeAvailable(Messages::iterator message) {
  message->second.state = State::kAvailable;
  available_.insert(message->first);
}

}  // namespace landfall::pubsub
