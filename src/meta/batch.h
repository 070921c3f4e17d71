// The writes of a group of changes before they are committed, and the Txn a change sees. Private to
// meta.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "meta/engine.h"
#include "meta/meta.h"

namespace landfall::meta {

// Collects the writes of changes that run one after another over one snapshot. Each change either
// stays or is undone before the next one begins. One thread.
class Batch {
 public:
  explicit Batch(Reader& base) : base_(base) {}

  // Runs `change` and keeps what it wrote, or nothing when it fails, breaks a limit or throws.
  Status Run(const Change& change);

  const WriteMap& writes() const { return writes_; }
  std::size_t bytes() const { return bytes_; }
  const std::set<std::string>& appended_feeds() const { return appended_feeds_; }

 private:
  class ChangeTxn;
  // How a write is taken back: the entry it made or changed, and what an earlier write had put
  // there.
  struct Undo {
    WriteMap::iterator at;
    bool was_written = false;
    std::optional<std::string> before;
  };

  Result<std::optional<std::string>> Get(std::string_view key);
  Status Scan(const KeyRange& range, const Visitor& visit);
  // Visits what was written to keys in [*from, end) and moves `from` behind it. False when the
  // visitor stopped.
  bool VisitWrites(std::string* from, std::string_view end, const Visitor& visit);
  void Write(std::string_view key, std::optional<std::string> value);
  void RollBack();

  Reader& base_;
  WriteMap writes_;
  std::size_t bytes_ = 0;
  std::set<std::string> appended_feeds_;
  std::vector<Undo> undo_;  // of the change that runs
};

}  // namespace landfall::meta
