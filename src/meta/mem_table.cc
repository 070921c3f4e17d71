#include "meta/mem_table.h"

#include <algorithm>
#include <utility>

namespace landfall::meta {

namespace {

// What one look under the lock copies at most.
constexpr std::size_t kChunkEntriesMax = 64;
constexpr std::size_t kChunkBytesMax = 64u << 10;
constexpr std::size_t kEntryOverheadBytes = 128;  // nodes and vectors, roughly

// Walks the visible entries of a range, a chunk at a time.
class Walk {
 public:
  Walk(const MemTable& table, MemTable::Version version, const KeyRange& range)
      : table_(table), version_(version), from_(range.begin), end_(range.end) {}

  // The entry the walk stands on; nullptr at the end.
  const MemTable::Entry* Peek() {
    if (at_ == chunk_.size() && !ended_) {
      chunk_ = table_.Next(from_, end_, version_);
      at_ = 0;
      ended_ = chunk_.empty();
      if (!ended_) from_ = chunk_.back().key + '\0';
    }
    return at_ < chunk_.size() ? &chunk_[at_] : nullptr;
  }
  void Step() { ++at_; }

 private:
  const MemTable& table_;
  const MemTable::Version version_;
  std::string from_;
  const std::string_view end_;
  std::vector<MemTable::Entry> chunk_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

void MemTable::Add(const WriteMap& writes, Version version) {
  const MutexLock lock(mu_);
  for (const auto& [key, value] : writes) {
    keys_[key].push_back({.version = version, .value = value});
    bytes_ += key.size() + (value ? value->size() : 0) + kEntryOverheadBytes;
  }
}

const MemTable::Change* MemTable::Visible(const Changes& changes, Version version) {
  const auto behind = std::upper_bound(changes.begin(), changes.end(), version,
                                       [](Version v, const Change& c) { return v < c.version; });
  return behind == changes.begin() ? nullptr : &*std::prev(behind);
}

std::optional<std::optional<std::string>> MemTable::Get(std::string_view key,
                                                        Version version) const {
  const MutexLock lock(mu_);
  const auto at = keys_.find(key);
  if (at == keys_.end()) return std::nullopt;
  const Change* const change = Visible(at->second, version);
  if (change == nullptr) return std::nullopt;
  return std::make_optional(change->value);
}

std::vector<MemTable::Entry> MemTable::Next(std::string_view from, std::string_view end,
                                            Version version) const {
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  const MutexLock lock(mu_);
  for (auto at = keys_.lower_bound(from); at != keys_.end(); ++at) {
    if (!end.empty() && at->first >= end) break;
    const Change* const change = Visible(at->second, version);
    if (change == nullptr) continue;
    entries.push_back({.key = at->first, .value = change->value});
    bytes += at->first.size() + (change->value ? change->value->size() : 0);
    if (entries.size() == kChunkEntriesMax || bytes >= kChunkBytesMax) break;
  }
  return entries;
}

std::size_t MemTable::bytes() const {
  const MutexLock lock(mu_);
  return bytes_;
}

Result<std::optional<std::string>> OverlayReader::Get(std::string_view key) {
  std::optional<std::optional<std::string>> known = table_->Get(key, version_);
  if (known) return std::move(*known);
  return base_->Get(key);
}

Status OverlayReader::Scan(const KeyRange& range, const Visitor& visit) {
  Walk walk(*table_, version_, range);
  bool going = true;
  const auto visit_before = [&](std::string_view key) {
    for (const MemTable::Entry* at = walk.Peek(); at != nullptr; at = walk.Peek()) {
      if (!key.empty() && at->key >= key) return;
      if (at->value) going = visit(at->key, *at->value);
      if (!going) return;
      walk.Step();
    }
  };
  TRY(base_->Scan(range, [&](std::string_view key, std::string_view value) {
    visit_before(key);
    if (!going) return false;
    const MemTable::Entry* const at = walk.Peek();
    if (at == nullptr || at->key != key) return going = visit(key, value);
    if (at->value) going = visit(key, *at->value);
    walk.Step();
    return going;
  }));
  if (going) visit_before({});
  return {};
}

}  // namespace landfall::meta
