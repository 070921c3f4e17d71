// Spool file: records one after another, each a sequence of 64-bit numbers (little-endian) and
// length-prefixed texts in the order of Write().
#include "warehouse/bad_rows.h"

#include <algorithm>
#include <cstring>

namespace landfall::warehouse {
namespace {

// Codes and stages are literals in memory; after a trip through the file they must be literals
// again.
constexpr std::string_view kWords[] = {"decode",
                                       "frame",
                                       "parse",
                                       "schema",
                                       "type",
                                       "constraint",
                                       "size",
                                       "invalid_utf8",
                                       "nul_byte",
                                       "unclosed_quote",
                                       "invalid_json",
                                       "not_an_object",
                                       "duplicate_key",
                                       "too_deep",
                                       "bad_quoting",
                                       "line_too_large",
                                       "unknown_field",
                                       "too_many_columns",
                                       "too_few_columns",
                                       "wrong_type",
                                       "out_of_range",
                                       "invalid_value",
                                       "not_an_array",
                                       "not_a_record",
                                       "not_a_scalar",
                                       "null_in_array",
                                       "missing_required",
                                       "wrong_partition"};

std::uint64_t NumberOf(std::string_view word) {
  const auto* found = std::find(std::begin(kWords), std::end(kWords), word);
  CHECK(found != std::end(kWords));
  return static_cast<std::uint64_t>(found - std::begin(kWords));
}

class SpoolWriter {
 public:
  void Number(std::uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Text(std::string_view text) {
    Number(text.size());
    bytes_ += text;
  }
  void Write(const BadRow& row) {
    Number(static_cast<std::uint64_t>(row.object_no));
    Number(static_cast<std::uint64_t>(row.record_no));
    Number(row.byte_offset);
    Number(row.byte_len);
    Number(NumberOf(row.error.stage));
    Number(NumberOf(row.error.code));
    for (const std::string* text :
         {&row.error.column, &row.error.expected, &row.error.got, &row.raw, &row.event_id})
      Text(*text);
  }
  std::string bytes_;
};

class SpoolReader {
 public:
  explicit SpoolReader(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  bool AtEnd() const { return offset_ >= file_->size_bytes(); }
  Result<BadRow> Read() {
    BadRow row;
    row.object_no = static_cast<std::int32_t>(TRY(Number()));
    row.record_no = static_cast<std::int64_t>(TRY(Number()));
    row.byte_offset = TRY(Number());
    row.byte_len = TRY(Number());
    row.error.stage = kWords[TRY(Number()) % std::size(kWords)];
    row.error.code = kWords[TRY(Number()) % std::size(kWords)];
    for (std::string* text :
         {&row.error.column, &row.error.expected, &row.error.got, &row.raw, &row.event_id}) {
      text->resize(TRY(Number()));
      TRY(Bytes(text->data(), text->size()));
    }
    return row;
  }

 private:
  Result<std::uint64_t> Number() {
    std::uint64_t value = 0;
    TRY(Bytes(reinterpret_cast<char*>(&value), sizeof(value)));
    return value;
  }
  Status Bytes(char* out, std::size_t bytes) {
    while (bytes > 0) {
      if (buffer_.empty()) {
        storage_.resize(1u << 20);
        storage_.resize(TRY(file_->ReadAt(offset_, storage_)));
        if (storage_.empty()) return Internal("the spool of bad rows ends early");
        buffer_ = storage_;
      }
      const std::size_t n = std::min(bytes, buffer_.size());
      std::memcpy(out, buffer_.data(), n);
      buffer_.remove_prefix(n);
      offset_ += n;
      out += n;
      bytes -= n;
    }
    return {};
  }
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;
  std::string storage_;
  std::string_view buffer_;
};

std::size_t BytesOf(const BadRow& row) {
  return sizeof(BadRow) + row.raw.size() + row.error.column.size() + row.error.expected.size() +
         row.error.got.size();
}

bool Before(const BadRow& a, const BadRow& b) {
  return std::pair(a.object_no, a.record_no) < std::pair(b.object_no, b.record_no);
}

}  // namespace

BadRows::~BadRows() {
  const MutexLock lock(mu_);
  if (spool_ == nullptr) return;
  spool_.reset();
  // The folder is cleared at the next start anyway.
  (void)files_.Remove(options_.spool_path);
}

Status BadRows::Add(BadRow row) {
  const MutexLock lock(mu_);
  ++count_;
  const std::pair key(row.object_no, row.record_no);
  if (first_.size() < kFirstErrorsMax || key < first_.rbegin()->first) {
    BadRow without_raw = row;
    without_raw.raw.clear();
    first_.emplace(key, std::move(without_raw));
    if (first_.size() > kFirstErrorsMax) first_.erase(std::prev(first_.end()));
  }
  bytes_ += BytesOf(row);
  rows_.push_back(std::move(row));
  return bytes_ > options_.memory_bytes_max ? Spill() : Status();
}

Status BadRows::Spill() {
  if (spool_ == nullptr) spool_ = TRY(files_.OpenForAppend(options_.spool_path));
  SpoolWriter writer;
  for (const BadRow& row : rows_) {
    writer.Write(row);
    if (writer.bytes_.size() > (1u << 20)) {
      TRY(spool_->Write(writer.bytes_));
      writer.bytes_.clear();
    }
  }
  TRY(spool_->Write(writer.bytes_));
  rows_.clear();
  bytes_ = 0;
  return {};
}

std::int64_t BadRows::count() const {
  const MutexLock lock(mu_);
  return count_;
}

std::vector<BadRow> BadRows::First() const {
  const MutexLock lock(mu_);
  std::vector<BadRow> rows;
  for (const auto& [key, row] : first_) rows.push_back(row);
  return rows;
}

Status BadRows::ForEach(const std::function<Status(const BadRow&)>& visit) const {
  const MutexLock lock(mu_);
  if (spool_ != nullptr) {
    SpoolReader reader(TRY(files_.OpenForRead(options_.spool_path)));
    while (!reader.AtEnd()) TRY(visit(TRY(reader.Read())));
  }
  std::vector<const BadRow*> sorted;
  for (const BadRow& row : rows_) sorted.push_back(&row);
  std::sort(sorted.begin(), sorted.end(),
            [](const BadRow* a, const BadRow* b) { return Before(*a, *b); });
  for (const BadRow* row : sorted) TRY(visit(*row));
  return {};
}

}  // namespace landfall::warehouse
