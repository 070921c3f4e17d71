// CSV as BigQuery's load jobs read it (RFC 4180 plus their options): where records end, and one
// record -> one row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "warehouse/load_columns.h"

namespace landfall::warehouse {

struct CsvOptions {
  char delimiter = ',';
  char quote = '"';  // '\0': none
  std::vector<std::string> null_markers = {""};
  bool nul_bytes = false;            // preserveAsciiControlCharacters
  std::size_t constant_columns = 0;  // the last ones, which are not in the files
  bool allow_quoted_newlines = false, allow_jagged_rows = false, ignore_unknown_values = false;
  bool latin1 = false;  // ISO-8859-1 instead of UTF-8
};
// kInvalidArgument naming the field and its rule: a delimiter or quote that is not one byte, an
// unknown encoding.
Result<CsvOptions> CsvOptionsOf(const LoadConfig& config);

// Finds the ends of records in a stream that arrives in pieces. A record ends at LF; inside of
// quotes it goes on when newlines in quotes are allowed.
class CsvFramer {
 public:
  explicit CsvFramer(const CsvOptions& options) : options_(options) {}
  struct Found {
    std::size_t bytes = 0;  // up to and with the last LF that ends a record
    std::int64_t records = 0;
  };
  // `text` starts at the beginning of a record.
  Found Scan(std::string_view text) const;
  // The bytes of the first record of `text`, its LF included; all of it when there is no end.
  std::size_t FirstRecord(std::string_view text) const;

 private:
  template <typename OnRecord>
  void Walk(std::string_view text, OnRecord on_record) const;
  CsvOptions options_;
};

struct CsvField {
  std::string_view text;
  bool quoted = false;
};

class CsvReader {
 public:
  CsvReader(const CsvOptions& options, ChunkWriter& writer);
  // `record` without its line end. As NdjsonReader::ReadRecord.
  bool ReadRecord(std::string_view record, idx_t row, RecordError& error);

 private:
  bool WriteRow(idx_t row, RecordError& error);
  bool WriteCell(ColumnSlot& slot, const CsvField& field, idx_t row, RecordError& error);

  const CsvOptions options_;
  ChunkWriter& writer_;
  std::vector<CsvField> fields_;
};

// Splits one record; what needs building (doubled quotes) goes to the arena. False: `error` has
// code and rule.
bool SplitCsv(const CsvOptions& options, std::string_view record, LoadArena& arena,
              std::vector<CsvField>& fields, RecordError& error);
// ISO-8859-1 to UTF-8; `text` itself when it is ASCII.
std::string_view FromLatin1(std::string_view text, LoadArena& arena);

}  // namespace landfall::warehouse
