#include "meta/lmdb_tree.h"

#include <vector>

namespace landfall::meta {

namespace {

constexpr std::string_view kRoot = "\x01";
constexpr std::string_view kNextId = std::string_view("\0", 1);

MDB_val ToVal(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};  // NOLINT: C API
}
std::string_view ToView(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}
std::string LevelOf(std::string_view id) { return "\x02" + std::string(id); }

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using CursorPtr = std::unique_ptr<MDB_cursor, CloseCursor>;

Result<CursorPtr> OpenCursor(MDB_txn* txn, MDB_dbi dbi) {
  MDB_cursor* cursor = nullptr;
  TRY(FromLmdb(mdb_cursor_open(txn, dbi, &cursor), "opening a cursor"));
  return CursorPtr(cursor);
}

}  // namespace

Status FromLmdb(int code, std::string_view doing) {
  if (code == MDB_SUCCESS) return {};
  if (code > 0) return FromErrno(code, doing);
  const std::string message = std::string(doing) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_MAP_FULL:
      return ResourceExhausted(message, "diskFull");
    case MDB_READERS_FULL:
      return Unavailable(message + "; too many snapshots are open");
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return DataLoss(message);
    default:
      return Internal(message);
  }
}

std::string LmdbTree::LinkKey(std::string_view level, std::string_view rest) {
  std::string link(level);
  link.append(rest.substr(0, kChunk));
  link += '\0';
  return link;
}

Result<std::optional<std::string_view>> LmdbTree::Find(std::string_view raw_key) const {
  MDB_val key = ToVal(raw_key);
  MDB_val value{};
  const int code = mdb_get(txn_, dbi_, &key, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  TRY(FromLmdb(code, "reading a key"));
  return std::optional(ToView(value));
}

Result<std::optional<std::string>> LmdbTree::Follow(const std::string& link) const {
  const std::optional<std::string_view> id = TRY(Find(link));
  if (!id) return std::optional<std::string>();
  return std::optional(LevelOf(*id));
}

Result<std::string> LmdbTree::FollowOrMake(const std::string& link) {
  std::optional<std::string> level = TRY(Follow(link));
  if (level) return std::move(*level);
  const std::optional<std::string_view> next = TRY(Find(kNextId));
  const std::uint64_t id = next ? FromOrderedInt(*next) : 1;
  TRY(Write(kNextId, OrderedInt(id + 1)));
  TRY(Write(link, OrderedInt(id)));
  return LevelOf(OrderedInt(id));
}

Status LmdbTree::Write(std::string_view raw_key, std::string_view value) {
  MDB_val key = ToVal(raw_key);
  MDB_val data = ToVal(value);
  return FromLmdb(mdb_put(txn_, dbi_, &key, &data, 0), "writing a key");
}

Result<std::optional<std::string>> LmdbTree::Get(std::string_view key) const {
  std::string level(kRoot);
  for (; key.size() > kChunk; key.remove_prefix(kChunk)) {
    std::optional<std::string> next = TRY(Follow(LinkKey(level, key)));
    if (!next) return std::optional<std::string>();
    level = std::move(*next);
  }
  level.append(key);
  const std::optional<std::string_view> value = TRY(Find(level));
  if (!value) return std::optional<std::string>();
  return std::optional(std::string(*value));
}

Status LmdbTree::Put(std::string_view key, std::string_view value) {
  std::string level(kRoot);
  for (; key.size() > kChunk; key.remove_prefix(kChunk)) {
    level = TRY(FollowOrMake(LinkKey(level, key)));
  }
  level.append(key);
  return Write(level, value);
}

Status LmdbTree::Delete(std::string_view key) {
  struct Step {
    std::string link, level;
  };
  std::vector<Step> steps;
  std::string level(kRoot);
  for (; key.size() > kChunk; key.remove_prefix(kChunk)) {
    std::string link = LinkKey(level, key);
    std::optional<std::string> next = TRY(Follow(link));
    if (!next) return {};
    level = *next;
    steps.push_back({std::move(link), std::move(*next)});
  }
  std::string raw = level + std::string(key);
  while (true) {
    MDB_val raw_key = ToVal(raw);
    const int code = mdb_del(txn_, dbi_, &raw_key, nullptr);
    if (code == MDB_NOTFOUND) return {};
    TRY(FromLmdb(code, "deleting a key"));
    if (steps.empty() || !TRY(IsEmpty(steps.back().level))) return {};
    raw = std::move(steps.back().link);
    steps.pop_back();
  }
}

Result<bool> LmdbTree::IsEmpty(const std::string& level) const {
  const CursorPtr cursor = TRY(OpenCursor(txn_, dbi_));
  MDB_val key = ToVal(level);
  MDB_val value{};
  const int code = mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_RANGE);
  if (code == MDB_NOTFOUND) return true;
  TRY(FromLmdb(code, "scanning"));
  return !ToView(key).starts_with(level);
}

struct LmdbTree::Scanning {
  std::string_view end;  // empty: no end
  const Visitor& visit;
  bool Past(std::string_view key) const { return !end.empty() && key >= end; }
};

Status LmdbTree::Scan(const KeyRange& range, const Visitor& visit) const {
  const Scanning scanning{.end = range.end, .visit = visit};
  TRY(ScanLevel(std::string(kRoot), "", range.begin, scanning));
  return {};
}

// `path` is what the keys of this level begin with, `begin` the rest to start at. Recurses once per
// kChunk bytes of key.
Result<LmdbTree::Outcome> LmdbTree::ScanLevel(const std::string& level, const std::string& path,
                                              std::string_view begin,
                                              const Scanning& scanning) const {
  const CursorPtr cursor = TRY(OpenCursor(txn_, dbi_));
  const std::string first =
      begin.size() > kChunk ? LinkKey(level, begin) : level + std::string(begin);
  MDB_val key = ToVal(first);
  MDB_val value{};
  int code = mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_RANGE);
  for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT)) {
    const std::string_view raw = ToView(key);
    if (!raw.starts_with(level)) return Outcome::kGoOn;
    const std::string_view rest = raw.substr(level.size());
    Outcome outcome = Outcome::kGoOn;
    if (rest.size() <= kChunk) {
      const std::string joined = path.empty() ? std::string() : path + std::string(rest);
      const std::string_view full = path.empty() ? rest : std::string_view(joined);
      if (scanning.Past(full) || !scanning.visit(full, ToView(value))) outcome = Outcome::kStop;
    } else {
      const std::string below = path + std::string(rest.substr(0, kChunk));
      if (scanning.Past(below)) return Outcome::kStop;
      // Only the first link can be the one `begin` itself runs through; behind it everything is
      // wanted.
      const bool through = begin.size() > kChunk && raw == first;
      outcome = TRY(ScanLevel(LevelOf(ToView(value)), below,
                              through ? begin.substr(kChunk) : std::string_view(), scanning));
    }
    if (outcome == Outcome::kStop) return outcome;
  }
  if (code != MDB_NOTFOUND) return FromLmdb(code, "scanning");
  return Outcome::kGoOn;
}

}  // namespace landfall::meta
