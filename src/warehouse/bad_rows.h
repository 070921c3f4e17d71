// Records that do not fit: collected while a load reads, kept in bounded memory, appended to
// <table>__bad in the load's own transaction.
//
// Codes, for ever: invalid_utf8, nul_byte, unclosed_quote, invalid_json, not_an_object,
// duplicate_key, too_deep, bad_quoting, line_too_large, unknown_field, too_many_columns,
// too_few_columns, wrong_type, out_of_range, invalid_value, not_an_array, not_a_record,
// not_a_scalar, null_in_array, missing_required, wrong_partition.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/mutex.h"
#include "warehouse/duck.h"
#include "warehouse/load_columns.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

inline constexpr std::size_t kRawBytesMax = 64u << 10;
inline constexpr std::size_t kFirstErrorsMax = 100;  // BigQuery's list of a job's errors

struct BadRow {
  std::int32_t object_no = 0;
  std::int64_t record_no = 0;
  std::uint64_t byte_offset = 0, byte_len = 0;
  RecordError error;
  std::string raw;       // at most kRawBytesMax
  std::string event_id;  // when readable
};

// Thread-safe. Rows over `memory_bytes_max` go to one file, removed with the object.
class BadRows {
 public:
  struct Options {
    std::string spool_path;
    std::size_t memory_bytes_max = 16u << 20;
  };
  BadRows(Options options, FileSystem& files) : options_(std::move(options)), files_(files) {}
  ~BadRows();
  BadRows(const BadRows&) = delete;
  BadRows& operator=(const BadRows&) = delete;

  Status Add(BadRow row);
  std::int64_t count() const;
  // The first ones by (object_no, record_no), without `raw`; at most kFirstErrorsMax.
  std::vector<BadRow> First() const;
  // Every row, in no order when there are many. Not while rows are added.
  Status ForEach(const std::function<Status(const BadRow&)>& visit) const;

 private:
  Status Spill() REQUIRES(mu_);

  const Options options_;
  FileSystem& files_;
  mutable Mutex mu_;
  std::int64_t count_ GUARDED_BY(mu_) = 0;
  std::vector<BadRow> rows_ GUARDED_BY(mu_);
  std::size_t bytes_ GUARDED_BY(mu_) = 0;
  std::unique_ptr<WritableFile> spool_ GUARDED_BY(mu_);
  std::map<std::pair<std::int32_t, std::int64_t>, BadRow> first_ GUARDED_BY(mu_);
};

// <table>__bad, partitioned by DAY(t), as the catalog wants it.
TableRef BadTableRef(const TableRef& table);
Table BadTable(const Table& table);

struct BadRowContext {
  std::int64_t load_id = 0;
  std::string config_hash, schema_version;
  TimePoint t;
  const std::vector<SourceObject>* objects = nullptr;  // by object_no - 1
};
// Appends all rows to the physical table of BadTable(). Call inside the load's transaction.
Status AppendBadRows(Connection& connection, const TableRef& bad_table, const BadRows& rows,
                     const BadRowContext& context);

// What BigQuery says of the first bad record: "Error while reading data, error message: JSON
// parsing error in row starting at position 12: ... File: gs://b/o".
std::string BadRecordMessage(SourceFormat format, const BadRow& row, const SourceObject& object);

}  // namespace landfall::warehouse
