// A page token is base64 of one kind byte and a position, the key bytes behind the bucket's part of
// the key:
//   'k'  go on at this key position
//   'i'  the position is an object's name that ends in the delimiter: its prefix was returned, the
//   item itself was not
#include "storage/listing.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "storage/codec.h"
#include "storage/glob.h"
#include "storage/keys.h"

namespace landfall::storage {
namespace {

// A page ends after this many names that the glob refused, so that it costs a bounded time.
constexpr std::size_t kRefusedMax = 50'000;

class Lister {
 public:
  Lister(meta::Reader& reader, std::string_view bucket, const ListOptions& options)
      : reader_(reader), bucket_(bucket), options_(options), base_(ObjectsPrefix(bucket)) {}

  Result<ObjectPage> Run() {
    TRY(Locate());
    while (!done_ && at_ < end_) {
      // Each scan ends at the end of the range, of the page, or where a prefix lets us skip ahead.
      bool skipped = false;
      Status bad;
      TRY(reader_.Scan({at_, end_}, [&](std::string_view key, std::string_view value) {
        bad = Visit(key, value, skipped);
        return bad.ok() && !skipped && !done_;
      }));
      TRY(bad);
      if (!skipped) break;
    }
    return std::move(page_);
  }

 private:
  // Where to begin and end, from prefix, offsets and token.
  Status Locate() {
    const meta::KeyRange all = meta::PrefixRange(base_ + options_.prefix);
    at_ = std::max(all.begin, base_ + options_.start_offset);
    end_ = all.end;
    if (!options_.match_glob.empty()) {
      glob_ = TRY(Glob::Parse(options_.match_glob));
      const meta::KeyRange matching = meta::PrefixRange(base_ + glob_->literal_prefix());
      at_ = std::max(at_, matching.begin);
      end_ = std::min(end_, matching.end);
    }
    if (!options_.end_offset.empty()) end_ = std::min(end_, base_ + options_.end_offset);
    if (options_.page_token.empty()) return {};
    const auto token = FromBase64(options_.page_token);
    if (!token.ok() || token->size() < 2 || ((*token)[0] != 'k' && (*token)[0] != 'i')) {
      return InvalidArgument("Invalid pageToken", "invalidParameter", "pageToken");
    }
    at_ = std::max(at_, base_ + token->substr(1));
    if ((*token)[0] == 'i' && token->size() > 3)
      returned_prefix_ = token->substr(1, token->size() - 3);
    return {};
  }

  bool Full() const { return page_.items.size() + page_.prefixes.size() >= options_.results_max; }

  void EndPage(char kind, std::string_view key) {
    page_.next_page_token = Base64(kind + std::string(key.substr(base_.size())));
    done_ = true;
  }

  Status Visit(std::string_view key, std::string_view value, bool& skipped) {
    if (Full() || refused_ >= kRefusedMax) {
      EndPage('k', key);
      return {};
    }
    // Names hold no NUL, so their part of the key is the name itself and the 2 bytes that end it.
    const std::string_view name = key.substr(base_.size(), key.size() - base_.size() - 2);
    const std::size_t found = options_.delimiter.empty()
                                  ? std::string_view::npos
                                  : name.find(options_.delimiter, options_.prefix.size());
    if (found == std::string_view::npos) return AddItem(name, value);

    const std::string prefix(name.substr(0, found + options_.delimiter.size()));
    const bool trailing = options_.include_trailing_delimiter && prefix.size() == name.size();
    if (prefix != returned_prefix_ && Wanted(prefix)) page_.prefixes.push_back(prefix);
    if (trailing) {
      if (Full()) {
        EndPage('i', key);
        return {};
      }
      TRY(AddItem(name, value));
    }
    at_ = meta::PrefixRange(base_ + prefix).end;
    skipped = true;
    return {};
  }

  bool Wanted(std::string_view name) {
    if (!glob_ || glob_->Matches(name)) return true;
    ++refused_;
    return false;
  }

  Status AddItem(std::string_view name, std::string_view value) {
    if (!Wanted(name)) return {};
    page_.items.push_back(std::move(TRY(DecodeObject(bucket_, name, value)).object));
    return {};
  }

  meta::Reader& reader_;
  const std::string_view bucket_;
  const ListOptions& options_;
  const std::string base_;
  std::string at_, end_;
  std::string returned_prefix_;  // by the page before
  std::optional<Glob> glob_;
  std::size_t refused_ = 0;
  bool done_ = false;
  ObjectPage page_;
};

}  // namespace

Result<ObjectPage> ListObjects(meta::Reader& reader, std::string_view bucket,
                               const ListOptions& options) {
  return Lister(reader, bucket, options).Run();
}

}  // namespace landfall::storage
