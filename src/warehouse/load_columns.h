// The target's columns as the readers of source files see them, and the writer that puts values
// into DuckDB's vectors.
//
// A record is written into row `row` of a chunk; when it turns out bad, AbortRow() forgets it and
// the row is used again.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "warehouse/cell.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// Why a record is bad. `code` is one of a fixed set (docs: bad_rows.h); column is a path:
// "items[2].price".
struct RecordError {
  std::string_view stage, code;
  std::string column, expected, got;  // got: at most kGotBytesMax
};
inline constexpr std::size_t kGotBytesMax = 200;
std::string_view CutGot(std::string_view text);  // never inside a UTF-8 sequence

struct DuckTypeDeleter {
  void operator()(duckdb_logical_type type) const { duckdb_destroy_logical_type(&type); }
};
using DuckType = std::unique_ptr<std::remove_pointer_t<duckdb_logical_type>, DuckTypeDeleter>;
DuckType DuckTypeOf(const Field& field);

// One column (or field of a RECORD) bound to the vectors of the current chunk.
struct ColumnSlot {
  std::string name;
  googlesql::TypeKind type = googlesql::TypeKind::kString;
  Mode mode = Mode::kNullable;
  std::vector<ColumnSlot> fields;  // of a RECORD
  std::uint64_t stamp = 0;  // of the record that wrote it last: finds duplicates and missing ones

  duckdb_vector list = nullptr;  // REPEATED only
  duckdb_list_entry* entries = nullptr;
  std::uint64_t* list_validity = nullptr;
  idx_t used = 0, used_before = 0,
        capacity = 0;  // elements; used_before: when the current row began

  duckdb_vector vector = nullptr;  // of the values (of the elements when REPEATED)
  void* data = nullptr;
  std::uint64_t* validity = nullptr;  // made on the first NULL
};

class ChunkWriter {
 public:
  explicit ChunkWriter(const Schema& schema);

  // Binds the chunk's vectors from `first_column` on. Must be called for every chunk.
  void Bind(duckdb_data_chunk chunk, idx_t first_column);
  // Tells DuckDB the sizes of lists; call once all rows are in.
  void FinishChunk();

  void BeginRow();
  void AbortRow();
  std::vector<ColumnSlot>& columns() { return columns_; }
  LoadArena& arena() { return arena_; }

  // A new stamp for one object (the record itself or a RECORD inside it).
  std::uint64_t NextStamp() { return ++stamp_; }

  static void SetValid(ColumnSlot& slot, idx_t row) {
    if (slot.validity != nullptr) slot.validity[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  static void SetNull(ColumnSlot& slot, idx_t row);  // also of a RECORD's fields
  // An absent or null field: NULL, or an empty array. False: it is REQUIRED.
  static bool SetAbsent(ColumnSlot& slot, idx_t row);
  // Opens the array of `row`; elements are then added by AddElement, which returns their index.
  static void BeginArray(ColumnSlot& slot, idx_t row);
  static idx_t AddElement(ColumnSlot& slot);
  static void EndArray(ColumnSlot& slot, idx_t row);

 private:
  static void BindSlot(ColumnSlot& slot, duckdb_vector vector);
  static void BindValues(ColumnSlot& slot, duckdb_vector vector);
  static void RebindFields(ColumnSlot& slot);
  void CollectRepeated(std::vector<ColumnSlot>& slots);

  std::vector<ColumnSlot> columns_;
  std::vector<ColumnSlot*> repeated_;
  LoadArena arena_;
  std::uint64_t stamp_ = 0;
};

}  // namespace landfall::warehouse
