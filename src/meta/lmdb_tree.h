// Keys of any length in one LMDB tree, in order. LMDB stops at 511 bytes, meta goes to
// kKeyBytesMax.
//
// The tree holds levels. A level is a key prefix: 01 for the root, 02 <id: 8 bytes> for the others.
// What is left of a key (its rest) goes into a level like this:
//   rest of at most kChunk bytes:  prefix + rest               -> value
//   longer:                        prefix + first kChunk + 00  -> id of the level that has what
//   follows
// An entry whose rest is kChunk + 1 bytes long is therefore always a link, and sorts behind the
// plain entry of the same chunk and before every greater one, which is where the keys behind it
// belong. Deleting the last key of a level deletes the link to it. 00 holds the next free id.
#pragma once

#include <lmdb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "meta/meta.h"

namespace landfall::meta {

// The Status for a return code of liblmdb; OK for MDB_SUCCESS.
Status FromLmdb(int code, std::string_view doing);

// One tree inside one transaction of the caller.
class LmdbTree {
 public:
  LmdbTree(MDB_txn* txn, MDB_dbi dbi) : txn_(txn), dbi_(dbi) {}

  Result<std::optional<std::string>> Get(std::string_view key) const;
  Status Scan(const KeyRange& range, const Visitor& visit) const;
  Status Put(std::string_view key, std::string_view value);
  Status Delete(std::string_view key);  // OK when it is not there

 private:
  static constexpr std::size_t kChunk = 480;
  struct Scanning;
  enum class Outcome : std::uint8_t { kGoOn, kStop };

  static std::string LinkKey(std::string_view level, std::string_view rest);
  Result<std::optional<std::string_view>> Find(std::string_view raw_key) const;
  // The level a link leads to; nullopt when there is no such link.
  Result<std::optional<std::string>> Follow(const std::string& link) const;
  Result<std::string> FollowOrMake(const std::string& link);
  Result<Outcome> ScanLevel(const std::string& level, const std::string& path,
                            std::string_view begin, const Scanning& scanning) const;
  Result<bool> IsEmpty(const std::string& level) const;
  Status Write(std::string_view raw_key, std::string_view value);

  MDB_txn* txn_;
  MDB_dbi dbi_;
};

}  // namespace landfall::meta
