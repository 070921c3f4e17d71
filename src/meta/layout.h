// Where meta keeps its own records: under 00 00, which MakeKey never makes. Private to meta.
//   00 00 'c' MakeKey(feed, consumer)      -> cursor: OrderedInt
//   00 00 'e' MakeKey(feed) OrderedInt     -> one entry's payload
//   00 00 'h' MakeKey(feed)                -> FeedHead: two OrderedInts
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "meta/meta.h"

namespace landfall::meta {

std::string CursorKey(std::string_view feed, std::string_view consumer);
std::string EntryKey(std::string_view feed, Seq seq);
std::string HeadKey(std::string_view feed);

// What is left of a feed has the positions (trimmed, last].
struct FeedHead {
  Seq last = 0, trimmed = 0;
};
Result<FeedHead> ReadHead(Reader& reader, std::string_view feed);
std::string HeadBytes(const FeedHead& head);

// Entries with positions in (after, through].
KeyRange EntryRange(std::string_view feed, Seq after, Seq through);
Seq SeqOfEntryKey(std::string_view key);

Result<Seq> ReadSeq(Reader& reader, std::string_view key);  // 0 when it is not there

// What a caller of meta.h may scan of `range`.
KeyRange WithoutReserved(const KeyRange& range);

// The rules of meta.h; the error names the first one broken.
Status CheckPut(std::string_view key, std::string_view value);
Status CheckValue(std::string_view value);
Status CheckKey(std::string_view key);
Status CheckFeedName(std::string_view feed);

}  // namespace landfall::meta
