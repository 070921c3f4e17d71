// One line of newline-delimited JSON -> one row. simdjson finds the structure and checks UTF-8;
// values go straight into DuckDB's vectors, strings without escapes by reference to the line.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "warehouse/load_columns.h"

namespace landfall::warehouse {

// Bytes that must be readable behind every line; their content does not matter.
inline constexpr std::size_t kLinePaddingBytes = 64;
inline constexpr std::size_t kJsonNestingMax = kJsonDepthMax;

struct NdjsonOptions {
  bool ignore_unknown_values = false;
  bool json_as_text = false;  // a string in a JSON column holds the JSON text, as in insertAll
};

class NdjsonReader {
 public:
  NdjsonReader(const NdjsonOptions& options, ChunkWriter& writer);
  ~NdjsonReader();
  NdjsonReader(const NdjsonReader&) = delete;
  NdjsonReader& operator=(const NdjsonReader&) = delete;

  // Writes `line` (no newline in it; a trailing CR is fine) as row `row`. False: `error` says why
  // and the row is free again. The line must stay where it is until DuckDB has taken the chunk.
  bool ReadRecord(std::string_view line, idx_t row, RecordError& error);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The content of a JSON string between its quotes, escapes resolved into the arena; nullopt for a
// bad escape or a lone surrogate. Without escapes it is `raw` itself.
std::optional<std::string_view> UnescapeJson(std::string_view raw, LoadArena& arena);

}  // namespace landfall::warehouse
