#include "warehouse/load_scan.h"

#include <algorithm>
#include <limits>

namespace landfall::warehouse {
namespace {

StreamOptions StreamOptionsOf(const ScanOptions& options, std::shared_ptr<BlockPool> pool) {
  StreamOptions stream;
  if (options.format == SourceFormat::kCsv) stream.csv = options.csv;
  stream.block_bytes = options.block_bytes;
  stream.record_bytes_max = options.record_bytes_max;
  stream.pool = std::move(pool);
  return stream;
}

}  // namespace

LoadScan::LoadScan(ScanOptions options, const std::vector<SourceObject>& sources,
                   ObjectSource& objects, BadRows& bad_rows)
    : options_(std::move(options)),
      sources_(sources),
      objects_(objects),
      bad_rows_(bad_rows),
      counts_(sources.size()) {}

bool LoadScan::NextBlock(std::shared_ptr<OpenObject>& current, Block& block) {
  if (current != nullptr && Take(*current, block)) return true;
  while ((current = OpenNext()) != nullptr) {
    if (Take(*current, block)) return true;
  }
  while ((current = Join()) != nullptr) {
    if (Take(*current, block)) return true;
  }
  return false;
}

std::shared_ptr<LoadScan::OpenObject> LoadScan::OpenNext() {
  for (;;) {
    const std::size_t n = next_source_.fetch_add(1);
    if (n >= sources_.size()) return nullptr;
    const auto object_no = static_cast<std::int32_t>(n + 1);
    if (failed() && IsPastCutoff({object_no, 1})) return nullptr;
    Result<std::shared_ptr<ReadableFile>> file = objects_.Open(sources_[n]);
    if (!file.ok()) {
      Fail({object_no, 0}, std::move(file).status());
      continue;
    }
    auto object = std::make_shared<OpenObject>(n, std::move(file).value(),
                                               StreamOptionsOf(options_, blocks_));
    // A small object is one block: nobody could join.
    if (sources_[n].size_bytes > options_.block_bytes / 8) {
      const MutexLock lock(mu_);
      open_.push_back(object);
    }
    return object;
  }
}

// Lock order: OpenObject::mu before mu_, so `done` is read here without its lock.
std::shared_ptr<LoadScan::OpenObject> LoadScan::Join() {
  const MutexLock lock(mu_);
  std::erase_if(open_,
                [](const std::shared_ptr<OpenObject>& object) { return object->done.load(); });
  return open_.empty() ? nullptr : open_.back();
}

bool LoadScan::Take(OpenObject& object, Block& block) {
  const auto object_no = static_cast<std::int32_t>(object.source + 1);
  const MutexLock lock(object.mu);
  if (object.done) return false;
  Result<bool> more = object.stream.Next(block);
  if (!more.ok()) {
    // Rows of this object before the damage were read by then, so any of their failures come first.
    Fail({object_no, std::numeric_limits<std::int64_t>::max()}, std::move(more).status());
    object.done = true;
    return false;
  }
  const bool done = !*more || (failed() && IsPastCutoff({object_no, block.first_record}));
  object.done = done;
  return !done;
}

void LoadScan::Fail(Position at, Status status) {
  const SourceObject& object = sources_[static_cast<std::size_t>(at.first - 1)];
  // Which code helps the caller: what the object is made of never changes, reading it may work
  // later.
  Status named = status.Annotate("Error while reading data, error message: " + Uri(object));
  const MutexLock lock(mu_);
  if (!failure_ || at < failure_->first) failure_ = {at, std::move(named)};
  failed_ = true;
}

bool LoadScan::IsPastCutoff(Position at) const {
  {
    const MutexLock lock(mu_);
    if (failure_ && at > failure_->first) return true;
  }
  if (!options_.bad_max || bad_rows_.count() <= *options_.bad_max) return false;
  const std::vector<BadRow> first = bad_rows_.First();
  const std::size_t wanted =
      std::min<std::size_t>(kFirstErrorsMax, static_cast<std::size_t>(*options_.bad_max) + 1);
  return first.size() >= wanted &&
         at > Position(first[wanted - 1].object_no, first[wanted - 1].record_no);
}

void LoadScan::AddBad(BadRow row) {
  const Position at(row.object_no, row.record_no);
  Status status = bad_rows_.Add(std::move(row));
  if (!status.ok()) Fail(at, std::move(status));
  if (options_.bad_max && bad_rows_.count() > *options_.bad_max) failed_ = true;
}

Status LoadScan::Outcome() const {
  const std::vector<BadRow> first = bad_rows_.First();
  const MutexLock lock(mu_);
  const bool over = options_.bad_max && bad_rows_.count() > *options_.bad_max;
  if (over && !first.empty() &&
      (!failure_ || Position(first[0].object_no, first[0].record_no) < failure_->first)) {
    const BadRow& row = first[0];
    return InvalidArgument(BadRecordMessage(options_.format, row,
                                            sources_[static_cast<std::size_t>(row.object_no - 1)]),
                           "invalid", Uri(sources_[static_cast<std::size_t>(row.object_no - 1)]));
  }
  return failure_ ? failure_->second : Status();
}

}  // namespace landfall::warehouse
