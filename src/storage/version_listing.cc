// Listing of all versions, or of the soft-deleted ones: live and noncurrent rows are merged by
// name, then generation. A page token is base64 of one kind byte, a name, NUL and a generation:
//   'v'  go on at this version
//   'i'  the same, and the prefix that the name is was returned already
#include <algorithm>
#include <deque>
#include <string>

#include "base/text.h"
#include "storage/codec.h"
#include "storage/glob.h"
#include "storage/keys.h"
#include "storage/listing.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::size_t kRefusedMax = 50'000;  // as in listing.cc

// The rows of one kind in key order, read in batches.
class Rows {
 public:
  // `base` ends where names begin.
  Rows(meta::Reader& reader, std::string_view bucket, std::string base)
      : reader_(reader), bucket_(bucket), base_(std::move(base)), at_(base_) {}

  void Seek(const std::string& behind_base) {
    batch_.clear();
    at_ = base_ + behind_base;
    ended_ = false;
  }
  // Null at the end.
  Result<const Object*> Peek() {
    if (batch_.empty() && !ended_) TRY(Fill());
    return batch_.empty() ? nullptr : &batch_.front();
  }
  Object Pop() {
    Object object = std::move(batch_.front());
    batch_.pop_front();
    return object;
  }

 private:
  Status Fill() {
    Status bad;
    std::string last;
    const std::string end = meta::PrefixRange(base_).end;
    TRY(reader_.Scan({at_, end}, [&](std::string_view key, std::string_view value) {
      // Names hold no NUL, so the first one ends the name.
      const std::string_view rest = key.substr(base_.size());
      auto stored = DecodeObject(bucket_, rest.substr(0, rest.find('\0')), value);
      if (!stored.ok()) {
        bad = stored.status();
        return false;
      }
      batch_.push_back(std::move(stored->object));
      last = key;
      return batch_.size() < kBatch;
    }));
    TRY(bad);
    ended_ = batch_.size() < kBatch;
    at_ = last + '\0';
    return {};
  }

  meta::Reader& reader_;
  const std::string_view bucket_;
  const std::string base_;
  std::string at_;
  std::deque<Object> batch_;
  bool ended_ = false;
};

class VersionLister {
 public:
  VersionLister(meta::Reader& reader, const Bucket& bucket, const ListOptions& options)
      : options_(options) {
    if (options.versions == Versions::kSoftDeleted) {
      rows_.emplace_back(reader, bucket.name, SoftDeletedPrefix(bucket));
    } else {
      rows_.emplace_back(reader, bucket.name, ObjectsPrefix(bucket.name));
      rows_.emplace_back(reader, bucket.name, VersionsPrefix(bucket.name));
    }
  }

  Result<ObjectPage> Run() {
    if (!options_.match_glob.empty()) glob_ = TRY(Glob::Parse(options_.match_glob));
    TRY(Locate());
    while (Rows* next = TRY(Next())) {
      const Object& object = **next->Peek();
      if (!InRange(object.name)) break;
      if (!returned_prefix_.empty() && object.name.starts_with(returned_prefix_) &&
          object.name != returned_prefix_) {
        SkipPrefix(returned_prefix_);
        continue;
      }
      if (Full() || refused_ >= kRefusedMax) {
        EndPage(object.name == returned_prefix_ ? 'i' : 'v', object);
        break;
      }
      if (!TRY(Visit(*next, object))) break;
    }
    return std::move(page_);
  }

 private:
  Status Locate() {
    std::string begin = std::max(options_.prefix, options_.start_offset);
    if (glob_) begin = std::max(begin, glob_->literal_prefix());
    for (Rows& rows : rows_) rows.Seek(begin);
    if (options_.page_token.empty()) return {};
    const auto token = FromBase64(options_.page_token);
    const std::size_t nul = token.ok() ? token->find('\0') : std::string::npos;
    const auto generation = nul == std::string::npos ? std::optional<std::int64_t>()
                                                     : ParseInt64(token->substr(nul + 1));
    if (!generation || nul < 1 || ((*token)[0] != 'v' && (*token)[0] != 'i'))
      return InvalidArgument("Invalid pageToken", "invalidParameter", "pageToken");
    const std::string name = token->substr(1, nul - 1);
    if (token->front() == 'i') returned_prefix_ = name;
    for (Rows& rows : rows_)
      rows.Seek(meta::MakeKey({name}) + meta::MakeKey({Ordered(*generation)}));
    // A live row's key has no generation, so it may sort before; it is the newest of its name.
    if (options_.versions == Versions::kAll) rows_.front().Seek(meta::MakeKey({name}));
    return {};
  }

  // The kind whose next row comes first; null at the end.
  Result<Rows*> Next() {
    Rows* first = nullptr;
    const Object* least = nullptr;
    for (Rows& rows : rows_) {
      const Object* candidate = TRY(rows.Peek());
      if (candidate == nullptr) continue;
      if (least != nullptr && std::tie(least->name, least->generation) <=
                                  std::tie(candidate->name, candidate->generation))
        continue;
      least = candidate;
      first = &rows;
    }
    return first;
  }

  bool InRange(std::string_view name) const {
    return name.starts_with(options_.prefix) &&
           (options_.end_offset.empty() || name < options_.end_offset);
  }
  bool Full() const { return page_.items.size() + page_.prefixes.size() >= options_.results_max; }
  bool Wanted(std::string_view name) {
    if (!glob_ || glob_->Matches(name)) return true;
    ++refused_;
    return false;
  }
  void EndPage(char kind, const Object& at) {
    page_.next_page_token = Base64(kind + at.name + '\0' + std::to_string(at.generation));
  }

  // False ends the page.
  Result<bool> Visit(Rows& rows, const Object& object) {
    const std::size_t found = options_.delimiter.empty()
                                  ? std::string::npos
                                  : object.name.find(options_.delimiter, options_.prefix.size());
    if (found == std::string::npos) {
      AddItem(rows);
      return true;
    }
    const std::string prefix = object.name.substr(0, found + options_.delimiter.size());
    if (prefix != returned_prefix_) {
      if (Wanted(prefix)) page_.prefixes.push_back(prefix);
      returned_prefix_ = prefix;
    }
    if (!options_.include_trailing_delimiter || prefix.size() != object.name.size()) {
      SkipPrefix(prefix);
      return true;
    }
    if (Full()) {
      EndPage('i', object);
      return false;
    }
    AddItem(rows);
    return true;
  }

  void SkipPrefix(const std::string& prefix) {
    for (Rows& rows : rows_) rows.Seek(meta::PrefixRange(prefix).end);
  }

  void AddItem(Rows& rows) {
    Object object = rows.Pop();
    if (Wanted(object.name)) page_.items.push_back(std::move(object));
  }

  const ListOptions& options_;
  std::deque<Rows> rows_;
  std::optional<Glob> glob_;
  std::size_t refused_ = 0;
  std::string returned_prefix_;
  ObjectPage page_;
};

}  // namespace

Result<ObjectPage> ListVersions(meta::Reader& reader, const Bucket& bucket,
                                const ListOptions& options) {
  return VersionLister(reader, bucket, options).Run();
}

}  // namespace landfall::storage
