// The durable side of topics and subscriptions: what is written and read in meta. Functions that
// take a Txn run on meta's committer thread inside a change; they take no lock and call no Store.
// Private to pubsub.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "meta/meta.h"
#include "pubsub/records.h"

namespace landfall::pubsub {

constexpr std::size_t kInlineBytesMax =
    256u << 10;  // of a feed entry; larger messages are cut into pieces
constexpr std::size_t kPieceBytes = 512u << 10;

struct Range {
  Position first = 0, last = 0;  // both inside
};
struct AckState {
  Position low = 0;
  std::vector<Range> acked{};  // above low, rising
};
struct SubscriptionUids {
  Uid topic = 0;
  Uid subscription = 0;
};

Result<Uid> NextUid(meta::Txn& txn);

// Numbers the messages and, when the topic has subscriptions, stores them; otherwise nobody could
// ever ask for them.
Result<std::vector<Position>> AppendMessages(meta::Txn& txn, Uid topic,
                                             const std::vector<Message>& messages);
// Position of the topic's last message, 0 when it never had one.
Result<Position> Head(meta::Reader& reader, Uid topic);

// Adds `positions` (rising) to what the subscription is done with and trims the topic. kNotFound
// when it is deleted.
Status RecordAcked(meta::Txn& txn, SubscriptionUids uids, const std::vector<Position>& positions);
Result<AckState> LoadAcked(meta::Reader& reader, SubscriptionUids uids);

// Forgets a subscription's place and trims the topic. Its record is the caller's.
Status EraseAcked(meta::Txn& txn, SubscriptionUids uids);
// Deletes what all subscriptions of the topic are done with; everything when there are none.
Status TrimTopic(meta::Txn& txn, Uid topic);

// The message at `position`, joined from its pieces. kNotFound when it is trimmed.
Result<Message> ReadMessage(meta::Store& meta, Uid topic, Position position);

}  // namespace landfall::pubsub
