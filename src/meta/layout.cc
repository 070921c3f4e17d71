#include "meta/layout.h"

#include <algorithm>

namespace landfall::meta {

namespace {

constexpr std::string_view kFirstFreeKey = std::string_view("\0\1", 2);

std::string Own(char kind, const std::string& rest) {
  std::string key("\0\0", 2);
  key += kind;
  key += rest;
  return key;
}

Status CheckBytes(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  if (bytes <= bytes_max) return {};
  return InvalidArgument(std::string(what) + " is " + std::to_string(bytes) +
                         " bytes; the limit is " + std::to_string(bytes_max));
}

}  // namespace

std::string CursorKey(std::string_view feed, std::string_view consumer) {
  return Own('c', MakeKey({feed, consumer}));
}
std::string EntryKey(std::string_view feed, Seq seq) {
  return Own('e', MakeKey({feed})) + OrderedInt(seq);
}
std::string HeadKey(std::string_view feed) { return Own('h', MakeKey({feed})); }

KeyRange EntryRange(std::string_view feed, Seq after, Seq through) {
  if (after >= through) return {.begin = EntryKey(feed, 1), .end = EntryKey(feed, 1)};
  // One zero byte behind the last wanted key: the end is exclusive.
  return {.begin = EntryKey(feed, after + 1), .end = EntryKey(feed, through) + '\0'};
}

Seq SeqOfEntryKey(std::string_view key) { return FromOrderedInt(key.substr(key.size() - 8)); }

Result<FeedHead> ReadHead(Reader& reader, std::string_view feed) {
  const std::optional<std::string> value = TRY(reader.Get(HeadKey(feed)));
  if (!value) return FeedHead{};
  if (value->size() != 16) return DataLoss("the head of feed " + std::string(feed) + " is damaged");
  const std::string_view bytes = *value;
  return FeedHead{.last = FromOrderedInt(bytes.substr(0, 8)),
                  .trimmed = FromOrderedInt(bytes.substr(8))};
}

std::string HeadBytes(const FeedHead& head) {
  return OrderedInt(head.last) + OrderedInt(head.trimmed);
}

Result<Seq> ReadSeq(Reader& reader, std::string_view key) {
  const std::optional<std::string> value = TRY(reader.Get(key));
  if (!value) return Seq{0};
  if (value->size() != 8) return DataLoss("a feed position is not 8 bytes long");
  return FromOrderedInt(*value);
}

KeyRange WithoutReserved(const KeyRange& range) {
  return {.begin = std::max(range.begin, std::string(kFirstFreeKey)), .end = range.end};
}

Status CheckKey(std::string_view key) {
  if (key.empty()) return InvalidArgument("key is empty");
  if (key < kFirstFreeKey && !key.starts_with(Own('c', ""))) {
    return InvalidArgument("key sorts before 00 01, which is reserved");
  }
  return CheckBytes("key", key.size(), kKeyBytesMax);
}

Status CheckPut(std::string_view key, std::string_view value) {
  TRY(CheckKey(key));
  return CheckValue(value);
}

Status CheckValue(std::string_view value) {
  return CheckBytes("value", value.size(), kValueBytesMax);
}

Status CheckFeedName(std::string_view feed) {
  if (feed.empty()) return InvalidArgument("feed name is empty");
  return CheckBytes("feed name", MakeKey({feed}).size() - 2, kFeedNameBytesMax);
}

}  // namespace landfall::meta
