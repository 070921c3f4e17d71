#include <algorithm>
#include <cstring>

#include "warehouse/load_scan.h"

namespace landfall::warehouse {
namespace {

bool IsBlank(std::string_view record) {
  return record.find_first_not_of(" \t\r") == std::string_view::npos;
}

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

}  // namespace

LoadWorker::LoadWorker(LoadScan& scan)
    : scan_(scan),
      writer_(scan.options().schema),
      ndjson_(scan.options().ndjson, writer_),
      csv_(scan.options().csv, writer_),
      framer_(scan.options().csv) {}

void LoadWorker::StartOver(duckdb_data_chunk chunk) {
  writer_.arena().Reset();
  writer_.Bind(chunk, scan_.options().partition_time ? 4 : 3);
  rows_ = 0;
  kept_bytes_ = 0;
}

idx_t LoadWorker::Fill(duckdb_data_chunk chunk) {
  StartOver(chunk);
  const ScanOptions& options = scan_.options();
  const auto data = [chunk](idx_t column) {
    return duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column));
  };
  auto* const load_ids = static_cast<std::uint64_t*>(data(0));
  auto* const object_nos = static_cast<std::int32_t*>(data(1));
  auto* const record_nos = static_cast<std::int64_t*>(data(2));
  const idx_t rows_max = duckdb_vector_size();
  std::string_view record;
  bool full = false;
  while (!full && NextRecord(record)) {
    RecordError error;
    if (!ReadRecord(record, rows_, error)) {
      NoteBad(record, record.size(), std::move(error));
      continue;
    }
    ++good_;
    load_ids[rows_] = options.load_id;
    object_nos[rows_] = static_cast<std::int32_t>(object_->source + 1);
    record_nos[rows_] = record_no_;
    ++rows_;
    if (rows_ < rows_max && kept_bytes_ < kKeptBytesMax) continue;
    full = !scan_.failed();
    if (!full) StartOver(chunk);  // no rows are wanted any more, only errors
  }
  if (options.partition_time) {
    std::fill_n(static_cast<std::int64_t*>(data(3)), rows_, ToMicros(*options.partition_time));
  }
  writer_.FinishChunk();
  return rows_;
}

// Moves to the next record that counts; blank lines, header rows and over-long records are dealt
// with here.
bool LoadWorker::NextRecord(std::string_view& record) {
  const ScanOptions& options = scan_.options();
  for (;;) {
    if (rest_.empty()) {
      FinishBlock();
      if (!scan_.NextBlock(object_, block_)) {
        block_ = {};
        return false;
      }
      rest_ = block_.text;
      offset_ = block_.offset;
      record_no_ = block_.first_record - 1;
      if (block_.too_large) {
        ++record_no_;
        ++in_;
        NoteBad(rest_, block_.record_bytes,
                {.stage = "size",
                 .code = "line_too_large",
                 .column = "",
                 .expected = std::to_string(options.record_bytes_max),
                 .got = std::to_string(block_.record_bytes)});
        rest_ = {};
        continue;
      }
      record = {};
    } else {
      offset_ = block_.offset + static_cast<std::uint64_t>(rest_.data() - block_.text.data());
    }
    std::size_t bytes = 0;
    if (options.format == SourceFormat::kCsv) {
      bytes = framer_.FirstRecord(rest_);
    } else {
      const void* newline = std::memchr(rest_.data(), '\n', rest_.size());
      bytes = newline == nullptr
                  ? rest_.size()
                  : static_cast<std::size_t>(static_cast<const char*>(newline) - rest_.data()) + 1;
    }
    record = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    ++record_no_;
    if (record.ends_with('\n')) record.remove_suffix(1);
    if (record_no_ <= options.skip_leading_rows || IsBlank(record)) continue;
    ++in_;
    if (record.size() <= options.record_bytes_max) return true;
    NoteBad(record, record.size(),
            {.stage = "size",
             .code = "line_too_large",
             .column = "",
             .expected = std::to_string(options.record_bytes_max),
             .got = std::to_string(record.size())});
  }
}

bool LoadWorker::ReadRecord(std::string_view record, idx_t row, RecordError& error) {
  const ScanOptions& options = scan_.options();
  const bool read = options.format == SourceFormat::kCsv ? csv_.ReadRecord(record, row, error)
                                                         : ndjson_.ReadRecord(record, row, error);
  if (!read) return false;
  const bool fits =
      WriteHiveValues(row, error) &&
      (!options.partition ||
       InPartition(*options.partition, writer_.columns()[options.partition->column], row, error));
  if (!fits) writer_.AbortRow();
  return fits;
}

// The columns that the object's name holds; what the record itself says about them does not count.
bool LoadWorker::WriteHiveValues(idx_t row, RecordError& error) {
  const HiveLayout& hive = scan_.options().hive;
  if (hive.fields.empty()) return true;
  const std::size_t first = writer_.columns().size() - hive.fields.size();
  const auto& values = hive.values[object_->source];
  for (std::size_t i = 0; i < values.size(); ++i) {
    ColumnSlot& slot = writer_.columns()[first + i];
    if (!values[i]) {
      if (ChunkWriter::SetAbsent(slot, row)) continue;
      error = {.stage = "constraint",
               .code = "missing_required",
               .column = slot.name,
               .expected = "a value, the field is REQUIRED",
               .got = ""};
      return false;
    }
    const Scalar scalar{.kind = ScalarKind::kText, .text = *values[i]};
    const CellError cell = slot.mode == Mode::kRepeated
                               ? CellError::kWrongType
                               : StoreScalar(slot.type, scalar, slot.data, row, writer_.arena());
    if (cell != CellError::kNone) {
      error = {.stage = "type",
               .code = CellErrorCode(cell),
               .column = slot.name,
               .expected = std::string(googlesql::WireTypeName(slot.type)),
               .got = *values[i]};
      return false;
    }
    ChunkWriter::SetValid(slot, row);
  }
  return true;
}

bool InPartition(const PartitionBounds& bounds, const ColumnSlot& slot, idx_t row,
                 RecordError& error) {
  const bool null = slot.validity != nullptr && (slot.validity[row / 64] >> (row % 64) & 1) == 0;
  const std::int64_t value = slot.type == googlesql::TypeKind::kDate
                                 ? static_cast<std::int32_t*>(slot.data)[row] * kMicrosPerDay
                                 : static_cast<std::int64_t*>(slot.data)[row];
  if (!null && value >= ToMicros(bounds.start) && value < ToMicros(bounds.end)) return true;
  error = {.stage = "constraint",
           .code = "wrong_partition",
           .column = slot.name,
           .expected = bounds.id,
           .got = null ? "null" : FormatRfc3339(FromMicros(value))};
  return false;
}

void LoadWorker::NoteBad(std::string_view record, std::uint64_t bytes, RecordError error) {
  ++bad_;
  BadRow bad;
  bad.object_no = static_cast<std::int32_t>(object_->source + 1);
  bad.record_no = record_no_;
  bad.byte_offset = offset_;
  bad.byte_len = bytes;
  bad.error = std::move(error);
  bad.raw = record.substr(0, kRawBytesMax);
  scan_.AddBad(std::move(bad));
}

// The counts of a block are added once; its bytes stay until DuckDB has taken the rows that refer
// to them.
void LoadWorker::FinishBlock() {
  if (block_.bytes == nullptr) return;
  ObjectCounts& counts = scan_.counts(object_->source);
  counts.in += in_;
  counts.good += good_;
  counts.bad += bad_;
  in_ = good_ = bad_ = 0;
  if (rows_ > 0) {
    kept_bytes_ += block_.text.size();
    writer_.arena().Retain(block_.bytes);
  } else {
    writer_.arena().Reset();
  }
  block_ = {};
}

}  // namespace landfall::warehouse
