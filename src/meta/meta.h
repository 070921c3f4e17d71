// meta - the durable, ordered key-value store under everything but the warehouse. Nobody above
// knows the engine.
//
// One Store per data directory. Keys and values are byte strings; keys sort by unsigned bytes. A
// change is a function that reads and writes through a Txn; all it wrote becomes visible and
// durable at once, or nothing does. Feeds are append-only sequences written in the same change as
// what they tell about (design idea I1).
//
// Threads: everything here is thread-safe. Changes run one after another on one committer thread,
// many to one fsync (group commit); a change must therefore be short, must not block and must not
// call back into the Store.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"

namespace landfall::meta {

// Keys have 1 to kKeyBytesMax bytes. Those that sort before 00 01 are meta's own (MakeKey never
// makes one): writing one fails the change, and scans leave them out.
constexpr std::size_t kKeyBytesMax = 2048;
constexpr std::size_t kValueBytesMax = 1u << 20;    // also of a feed entry's payload
constexpr std::size_t kFeedNameBytesMax = 1024;     // zero bytes count twice
constexpr std::size_t kChangeBytesMax = 64u << 20;  // keys and values one change writes
constexpr std::size_t kReadFeedBytesMax = 8u
                                          << 20;  // ReadFeed stops after the entry that passes it

// Joins parts into one key so that keys sort as the tuples do: each part is escaped (00 -> 00 FF)
// and ended by 00 01. A key of n parts is a prefix of every key that begins with the same n parts,
// and of no other.
std::string MakeKey(std::initializer_list<std::string_view> parts);
// The parts again. kDataLoss when `key` was not made by MakeKey.
Result<std::vector<std::string>> SplitKey(std::string_view key);
// 8 bytes, big-endian: sorts as the number does.
std::string OrderedInt(std::uint64_t value);
std::uint64_t FromOrderedInt(std::string_view bytes);

using Seq = std::uint64_t;  // position in a feed; the first entry is 1

struct FeedEntry {
  Seq seq = 0;
  std::string payload;
};

// [begin, end); an empty end means "to the last key".
struct KeyRange {
  std::string begin, end;
};
KeyRange PrefixRange(std::string_view prefix);  // all keys that start with `prefix`

// Called for each pair in key order; false stops the scan. The views die when the visitor returns.
using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

// One reader belongs to one thread at a time.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;
  virtual Status Scan(const KeyRange& range, const Visitor& visit) = 0;
};

// Reads see the committed state plus this change's own writes. A visitor may write: pairs it adds
// or deletes ahead of the scan are seen or gone. A write that breaks a limit fails the change,
// whatever the change itself returns.
class Txn : public Reader {
 public:
  virtual void Put(std::string_view key, std::string_view value) = 0;
  virtual void Delete(std::string_view key) = 0;
  // The entry's position; positions of one feed have no holes and never repeat.
  virtual Seq Append(std::string_view feed, std::string_view payload) = 0;
  // Removes entries up to and including `through`; their positions are not used again.
  virtual void TrimFeed(std::string_view feed, Seq through) = 0;
};

// An error from a change rolls back that change alone and is what Commit returns.
using Change = std::function<Status(Txn&)>;

class Store {
 public:
  virtual ~Store() = default;

  // Durable on return. kResourceExhausted/"diskFull": nothing was written, reading goes on.
  // kUnavailable: closing, or too many changes wait. kInternal: the change threw. An error of the
  // disk is returned by every change of the group.
  virtual Status Commit(const Change& change) = 0;

  virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;
  // A consistent view as of now. Keep it short: it pins old data. It must end before the Store
  // does. When too many are open, every call on it is kUnavailable.
  virtual std::unique_ptr<Reader> Snapshot() = 0;

  // Entries after `after`, oldest first, at most `entries_max` (fewer when they are large); empty
  // when caught up.
  virtual Result<std::vector<FeedEntry>> ReadFeed(std::string_view feed, Seq after,
                                                  std::size_t entries_max) = 0;
  // Blocks until the feed has an entry after `after` (true), or `bound` has passed or the store
  // closes (false).
  virtual bool WaitFeed(std::string_view feed, Seq after, std::chrono::milliseconds bound) = 0;

  // Bytes on disk.
  virtual std::uint64_t SizeBytes() = 0;
};

// A reader's durable place in a feed. Set it in the same change as the result of what was read.
Result<Seq> Cursor(Reader& reader, std::string_view feed, std::string_view consumer);
void SetCursor(Txn& txn, std::string_view feed, std::string_view consumer, Seq seq);

struct Options {
  std::string dir;                        // made when missing
  std::size_t queued_changes_max = 4096;  // more waiting changes are refused: kUnavailable
  std::size_t batch_changes_max = 512;    // changes per fsync
};
// kFailedPrecondition/"locked": another process has it (names its pid).
Result<std::unique_ptr<Store>> Open(Options options, Log& log, Metrics& metrics);

}  // namespace landfall::meta
