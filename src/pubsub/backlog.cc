#include "pubsub/backlog.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace landfall::pubsub {
namespace {

using meta::FromOrderedInt;
using meta::OrderedInt;

Result<std::uint64_t> GetNumber(meta::Reader& reader, std::string_view key,
                                std::uint64_t otherwise) {
  const std::optional<std::string> value = TRY(reader.Get(key));
  if (!value) return otherwise;
  if (value->size() != 8)
    return DataLoss("a number of pubsub has " + std::to_string(value->size()) + " bytes");
  return FromOrderedInt(*value);
}

Result<bool> HasSubscriptions(meta::Txn& txn, Uid topic) {
  bool any = false;
  TRY(txn.Scan(meta::PrefixRange(LowPrefix(topic)), [&any](std::string_view, std::string_view) {
    any = true;
    return false;
  }));
  return any;
}

// The number in the last part of `key`.
Result<std::uint64_t> LastNumber(std::string_view key) {
  const std::vector<std::string> parts = TRY(meta::SplitKey(key));
  if (parts.empty() || parts.back().size() != 8) return DataLoss("a key of pubsub is malformed");
  return FromOrderedInt(parts.back());
}

Position AppendOne(meta::Txn& txn, Uid topic, const Message& message) {
  std::string bytes = EncodeMessage(message);
  if (bytes.size() <= kInlineBytesMax) return txn.Append(FeedName(topic), bytes);
  const std::size_t pieces = (bytes.size() + kPieceBytes - 1) / kPieceBytes;
  const Position position = txn.Append(
      FeedName(topic), EncodePieces(message.publish_time, static_cast<std::uint32_t>(pieces)));
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    txn.Put(BlobKey(topic, position, piece),
            std::string_view(bytes).substr(piece * kPieceBytes, kPieceBytes));
  }
  return position;
}

// Ranges that overlap or touch [first, last], in order.
Result<std::vector<Range>> RangesAround(meta::Reader& reader, Uid subscription, Range range) {
  std::vector<Range> found;
  Status bad;
  const meta::KeyRange keys{.begin = AckedKey(subscription, range.first - 1),
                            .end = meta::PrefixRange(AckedPrefix(subscription)).end};
  TRY(reader.Scan(keys, [&](std::string_view key, std::string_view value) {
    const Result<std::uint64_t> last = LastNumber(key);
    if (!last.ok() || value.size() != 8) {
      bad = DataLoss("an acked range cannot be read");
      return false;
    }
    const Position first = FromOrderedInt(value);
    if (first > range.last && first - range.last > 1) return false;
    found.push_back({.first = first, .last = *last});
    return true;
  }));
  TRY(bad);
  return found;
}

// Joins `range` with its neighbours. Returns the new low mark.
Result<Position> AddRange(meta::Txn& txn, Uid subscription, Range range, Position low) {
  if (range.last <= low) return low;
  range.first = std::max(range.first, low + 1);
  for (const Range& near : TRY(RangesAround(txn, subscription, range))) {
    txn.Delete(AckedKey(subscription, near.last));
    range.first = std::min(range.first, near.first);
    range.last = std::max(range.last, near.last);
  }
  if (range.first <= low + 1) return range.last;
  txn.Put(AckedKey(subscription, range.last), OrderedInt(range.first));
  return low;
}

Status DeleteAll(meta::Txn& txn, const meta::KeyRange& range) {
  return txn.Scan(range, [&txn](std::string_view key, std::string_view) {
    txn.Delete(std::string(key));
    return true;
  });
}

}  // namespace

Result<Uid> NextUid(meta::Txn& txn) {
  const Uid uid = TRY(GetNumber(txn, UidKey(), 0)) + 1;
  txn.Put(UidKey(), OrderedInt(uid));
  return uid;
}

Result<std::vector<Position>> AppendMessages(meta::Txn& txn, Uid topic,
                                             const std::vector<Message>& messages) {
  const bool wanted = TRY(HasSubscriptions(txn, topic));
  std::vector<Position> positions;
  positions.reserve(messages.size());
  for (const Message& message : messages) {
    positions.push_back(wanted ? AppendOne(txn, topic, message) : txn.Append(FeedName(topic), {}));
  }
  txn.Put(HeadKey(topic), OrderedInt(positions.back()));
  if (!wanted) txn.TrimFeed(FeedName(topic), positions.back());
  return positions;
}

Result<Position> Head(meta::Reader& reader, Uid topic) {
  return GetNumber(reader, HeadKey(topic), 0);
}

Status RecordAcked(meta::Txn& txn, SubscriptionUids uids, const std::vector<Position>& positions) {
  const std::string low_key = LowKey(uids.topic, uids.subscription);
  const std::optional<std::string> stored = TRY(txn.Get(low_key));
  if (!stored) return NotFound("the subscription was deleted");
  if (stored->size() != 8) return DataLoss("a low mark of pubsub is malformed");
  const Position before = FromOrderedInt(*stored);
  Position low = before;
  for (std::size_t at = 0; at < positions.size();) {
    Range run{.first = positions[at], .last = positions[at]};
    while (++at < positions.size() && positions[at] <= run.last + 1) run.last = positions[at];
    low = TRY(AddRange(txn, uids.subscription, run, low));
  }
  if (low == before) return {};
  txn.Put(low_key, OrderedInt(low));
  return TrimTopic(txn, uids.topic);
}

Result<AckState> LoadAcked(meta::Reader& reader, SubscriptionUids uids) {
  const std::optional<std::string> low = TRY(reader.Get(LowKey(uids.topic, uids.subscription)));
  if (!low) return NotFound("the subscription was deleted");
  if (low->size() != 8) return DataLoss("a low mark of pubsub is malformed");
  AckState state{.low = FromOrderedInt(*low), .acked = {}};
  const Range everything{.first = 1, .last = std::numeric_limits<Position>::max()};
  state.acked = TRY(RangesAround(reader, uids.subscription, everything));
  return state;
}

Status EraseAcked(meta::Txn& txn, SubscriptionUids uids) {
  txn.Delete(LowKey(uids.topic, uids.subscription));
  TRY(DeleteAll(txn, meta::PrefixRange(AckedPrefix(uids.subscription))));
  return TrimTopic(txn, uids.topic);
}

Status TrimTopic(meta::Txn& txn, Uid topic) {
  Position low = TRY(Head(txn, topic));
  bool malformed = false;
  TRY(txn.Scan(meta::PrefixRange(LowPrefix(topic)), [&](std::string_view, std::string_view value) {
    malformed = malformed || value.size() != 8;
    if (!malformed) low = std::min(low, FromOrderedInt(value));
    return !malformed;
  }));
  if (malformed) return DataLoss("a low mark of pubsub is malformed");
  if (low == 0) return {};
  txn.TrimFeed(FeedName(topic), low);
  return DeleteAll(txn, {.begin = BlobPrefix(topic), .end = BlobPrefix(topic, low + 1)});
}

Result<Message> ReadMessage(meta::Store& meta, Uid topic, Position position) {
  const std::vector<meta::FeedEntry> entries = TRY(meta.ReadFeed(FeedName(topic), position - 1, 1));
  const Status gone = NotFound("message " + std::to_string(position) + " is no longer kept");
  if (entries.empty() || entries.front().seq != position) return gone;
  Entry entry = TRY(DecodeEntry(position, entries.front().payload));
  if (entry.pieces == 0) return std::move(entry.message);
  const std::unique_ptr<meta::Reader> snapshot = meta.Snapshot();
  std::string bytes;
  for (std::uint32_t piece = 0; piece < entry.pieces; ++piece) {
    const std::optional<std::string> part = TRY(snapshot->Get(BlobKey(topic, position, piece)));
    if (!part) return gone;
    bytes += *part;
  }
  Entry joined = TRY(DecodeEntry(position, bytes));
  if (joined.pieces != 0) return DataLoss("message " + std::to_string(position) + " is nested");
  return std::move(joined.message);
}

}  // namespace landfall::pubsub
