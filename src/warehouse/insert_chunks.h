// The rows of one insertAll request as DuckDB chunks. Private to the module.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "warehouse/duck.h"
#include "warehouse/load_columns.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct DataChunkDeleter {
  void operator()(duckdb_data_chunk chunk) const { duckdb_destroy_data_chunk(&chunk); }
};
using DataChunk = std::unique_ptr<std::remove_pointer_t<duckdb_data_chunk>, DataChunkDeleter>;

class InsertChunks {
 public:
  // Columns: [_PARTITIONTIME,] the schema's. kInvalidArgument when the request's decorator does not
  // fit the table, or a row is no JSON object: then the request as a whole is wrong. Rows with
  // `skip[i]` are left out; `request` must outlive this.
  static Result<std::unique_ptr<InsertChunks>> Make(const Table& table,
                                                    const InsertRequest& request, TimePoint now,
                                                    const std::vector<bool>& skip);
  explicit InsertChunks(const Schema& schema) : writer_(schema) {}

  const std::vector<DataChunk>& chunks() const { return chunks_; }
  std::size_t rows() const { return rows_; }
  const std::vector<InsertError>& errors() const { return errors_; }

 private:
  ChunkWriter writer_;  // owns what the chunks refer to
  std::vector<DataChunk> chunks_;
  std::size_t rows_ = 0;
  std::vector<InsertError> errors_;
};

// The names of the chunks' columns.
std::vector<std::string> InsertChunkColumns(const Table& table);

// A record's error as insertAll words it: reason, location (the field's path), message.
JobError InsertErrorOf(const RecordError& error);

}  // namespace landfall::warehouse
