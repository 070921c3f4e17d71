// What pubsub keeps in meta: keys and values. Private to pubsub. Strings in parentheses are MakeKey
// tuples.
//
//   ("pubsub","uid")                             last uid given to a topic or a subscription
//   ("pubsub","topic", NAME)                     topic as JSON
//   ("pubsub","sub", NAME)                       subscription as JSON
//   ("pubsub","head", topic uid)                 position of the topic's last message
//   ("pubsub","low", topic uid, sub uid)         everything up to here is acked; exists as long as
//   the subscription
//   ("pubsub","acked", sub uid, LAST)            FIRST: the positions FIRST..LAST above "low" are
//   acked. Ranges neither
//                                                overlap nor touch; keyed by their end, so that one
//                                                forward scan finds every range that a new one
//                                                could join
//   ("pubsub","blob", topic uid, position, n)    n-th piece of a message too large for a feed entry
//   feed "pubsub.topic.<uid>"                    the topic's messages, once for all its
//   subscriptions
//
// Numbers are meta::OrderedInt. A uid is never used again, so a new topic of an old name shares
// nothing with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "pubsub/core.h"
#include "pubsub/pubsub.h"

namespace landfall::pubsub {

using Uid = std::uint64_t;

struct TopicRecord {
  Uid uid = 0;
  Topic topic{};
};
struct SubscriptionRecord {
  Uid uid = 0;
  Uid topic_uid = 0;
  Subscription subscription{};  // with the topic's name at creation
};

std::string UidKey();
std::string TopicKey(std::string_view name);
std::string SubscriptionKey(std::string_view name);
std::string HeadKey(Uid topic);
std::string LowPrefix(Uid topic);
std::string LowKey(Uid topic, Uid subscription);
std::string AckedPrefix(Uid subscription);
std::string AckedKey(Uid subscription, Position last);
std::string BlobPrefix(Uid topic);
std::string BlobPrefix(Uid topic, Position position);
std::string BlobKey(Uid topic, Position position, std::uint64_t piece);
std::string FeedName(Uid topic);
// Names that start with "projects/P/topics/", or all of that kind when `project` is empty.
meta::KeyRange TopicsOf(std::string_view project);
meta::KeyRange SubscriptionsOf(std::string_view project);

// kDataLoss when the bytes were not written by the encoder.
std::string Encode(const TopicRecord& record);
Result<TopicRecord> DecodeTopic(std::string_view name, std::string_view bytes);
std::string Encode(const SubscriptionRecord& record);
Result<SubscriptionRecord> DecodeSubscription(std::string_view name, std::string_view bytes);

// A feed entry is a form byte, the publish time (8 bytes, microseconds) and then
//   form 1: the message: counted ordering key, number of attributes, counted keys and values, the
//   rest is data form 2: the number of pieces (4 bytes) that, joined, are such an entry of form 1
// Counts are 4 bytes, big-endian. The message id is the position and not written.
struct Entry {
  TimePoint publish_time{};
  std::uint32_t pieces = 0;  // 0: `message` is here
  Message message{};
};
std::string EncodeMessage(const Message& message);
std::string EncodePieces(TimePoint publish_time, std::uint32_t pieces);
Result<Entry> DecodeEntry(Position position, std::string_view bytes);

}  // namespace landfall::pubsub
