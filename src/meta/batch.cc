#include "meta/batch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "meta/layout.h"

namespace landfall::meta {

namespace {
std::size_t BytesOf(std::string_view key, const std::optional<std::string>& value) {
  return key.size() + (value ? value->size() : 0);
}
}  // namespace

// Void writes cannot report, so the first broken rule is kept and fails the change at its end.
class Batch::ChangeTxn final : public Txn {
 public:
  explicit ChangeTxn(Batch& batch) : batch_(batch) {}

  Result<std::optional<std::string>> Get(std::string_view key) override { return batch_.Get(key); }
  Status Scan(const KeyRange& range, const Visitor& visit) override {
    return batch_.Scan(WithoutReserved(range), visit);
  }

  void Put(std::string_view key, std::string_view value) override {
    if (Keep(CheckPut(key, value))) Write(key, std::string(value));
  }
  void Delete(std::string_view key) override {
    if (Keep(CheckKey(key))) Write(key, std::nullopt);
  }

  Seq Append(std::string_view feed, std::string_view payload) override {
    if (!Keep(CheckFeedName(feed)) || !Keep(CheckValue(payload))) return 0;
    Result<FeedHead> head = ReadHead(*this, feed);
    if (!Keep(head.status())) return 0;
    const Seq seq = ++head->last;
    Write(EntryKey(feed, seq), std::string(payload));
    Write(HeadKey(feed), HeadBytes(*head));
    feeds_.emplace(feed);
    return seq;
  }

  // Goes by the positions alone: reading from the first one would walk over everything trimmed
  // before.
  void TrimFeed(std::string_view feed, Seq through) override {
    if (!Keep(CheckFeedName(feed))) return;
    Result<FeedHead> head = ReadHead(*this, feed);
    if (!Keep(head.status())) return;
    const Seq last = std::min(through, head->last);
    if (last <= head->trimmed) return;
    for (Seq seq = head->trimmed + 1; seq <= last; ++seq) Write(EntryKey(feed, seq), std::nullopt);
    head->trimmed = last;
    Write(HeadKey(feed), HeadBytes(*head));
  }

  const Status& error() const { return error_; }
  std::set<std::string>& feeds() { return feeds_; }

 private:
  bool Keep(const Status& status) {
    if (error_.ok() && !status.ok()) error_ = status;
    return status.ok();
  }

  void Write(std::string_view key, std::optional<std::string> value) {
    bytes_ += BytesOf(key, value);
    if (bytes_ > kChangeBytesMax) {
      Keep(InvalidArgument("change writes more than " + std::to_string(kChangeBytesMax) +
                           " bytes, which is the limit"));
      return;
    }
    batch_.Write(key, std::move(value));
  }

  Batch& batch_;
  Status error_;
  std::size_t bytes_ = 0;
  std::set<std::string> feeds_;
};

Status Batch::Run(const Change& change) {
  undo_.clear();
  ChangeTxn txn(*this);
  Status status;
  try {
    status = change(txn);
  } catch (const std::exception& error) {
    status = Internal(std::string("change threw: ") + error.what());
  } catch (...) {
    status = Internal("change threw something that is not a std::exception");
  }
  if (status.ok()) status = txn.error();
  if (status.ok()) {
    appended_feeds_.merge(txn.feeds());
  } else {
    RollBack();
  }
  return status;
}

Result<std::optional<std::string>> Batch::Get(std::string_view key) {
  const auto at = writes_.find(key);
  return at != writes_.end() ? Result<std::optional<std::string>>(at->second) : base_.Get(key);
}

// The visitor may write, so nothing of ours but the place is held while it runs.
bool Batch::VisitWrites(std::string* from, std::string_view end, const Visitor& visit) {
  for (auto at = writes_.lower_bound(*from); at != writes_.end(); ++at) {
    const auto& [key, value] = *at;
    if (!end.empty() && key >= end) return true;
    if (!value) continue;
    const std::string copy = *value;
    *from = key + '\0';
    if (!visit(key, copy)) return false;
  }
  return true;
}

Status Batch::Scan(const KeyRange& range, const Visitor& visit) {
  std::string from = range.begin;  // all before it is done
  bool going = true;
  TRY(base_.Scan(range, [&](std::string_view key, std::string_view value) {
    if (!VisitWrites(&from, key, visit)) return going = false;
    from.assign(key);
    from += '\0';
    const auto written = writes_.find(key);
    if (written == writes_.end()) return going = visit(key, value);
    if (!written->second) return true;
    const std::string copy = *written->second;
    return going = visit(key, copy);
  }));
  if (going) VisitWrites(&from, range.end, visit);
  return {};
}

void Batch::Write(std::string_view key, std::optional<std::string> value) {
  const auto found = writes_.lower_bound(key);
  bytes_ += BytesOf(key, value);
  if (found != writes_.end() && found->first == key) {
    bytes_ -= BytesOf(key, found->second);
    undo_.push_back({.at = found, .was_written = true, .before = std::move(found->second)});
    found->second = std::move(value);
  } else {
    const auto added = writes_.emplace_hint(found, std::string(key), std::move(value));
    undo_.push_back({.at = added, .was_written = false, .before = std::nullopt});
  }
}

void Batch::RollBack() {
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
    auto& [key, value] = *undo->at;
    bytes_ -= BytesOf(key, value);
    if (undo->was_written) {
      value = std::move(undo->before);
      bytes_ += BytesOf(key, value);
    } else {
      writes_.erase(undo->at);
    }
  }
  undo_.clear();
}

}  // namespace landfall::meta
