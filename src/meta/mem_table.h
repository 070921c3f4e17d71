// Recent writes in memory, every version of them, so that snapshots stay still while it grows.
// Private to meta. One thread adds, any thread reads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "meta/engine.h"

namespace landfall::meta {

class MemTable {
 public:
  using Version = std::uint64_t;
  struct Entry {
    std::string key;
    std::optional<std::string> value;  // nullopt: deleted
  };

  // Versions only rise. Readers see a group when they ask for its version, and never half of it.
  void Add(const WriteMap& writes, Version version);

  // What `version` knows of `key`: outer nullopt nothing, inner nullopt that it is deleted.
  std::optional<std::optional<std::string>> Get(std::string_view key, Version version) const;
  // The next few entries of `version` in [from, end), deletions too. Empty at the end.
  std::vector<Entry> Next(std::string_view from, std::string_view end, Version version) const;
  std::size_t bytes() const;

 private:
  struct Change {
    Version version = 0;
    std::optional<std::string> value;
  };
  using Changes = std::vector<Change>;  // oldest first
  static const Change* Visible(const Changes& changes, Version version);

  mutable Mutex mu_;
  std::map<std::string, Changes, std::less<>> keys_ GUARDED_BY(mu_);
  std::size_t bytes_ GUARDED_BY(mu_) = 0;
};

// `base` with what `table` knows on top, as of `version`.
class OverlayReader final : public Reader {
 public:
  OverlayReader(std::unique_ptr<Reader> base, std::shared_ptr<const MemTable> table,
                MemTable::Version version)
      : base_(std::move(base)), table_(std::move(table)), version_(version) {}
  Result<std::optional<std::string>> Get(std::string_view key) override;
  Status Scan(const KeyRange& range, const Visitor& visit) override;

 private:
  std::unique_ptr<Reader> base_;
  std::shared_ptr<const MemTable> table_;
  MemTable::Version version_;
};

}  // namespace landfall::meta
