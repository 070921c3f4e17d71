// Rows for people (aligned columns), for programs (CSV) and for both (JSON).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/client.h"

namespace landfall::cli {

enum class Format : std::uint8_t { kTable, kJson, kCsv };
// The flag --format; a table without it.
Result<Format> FormatOf(const Call& call);
constexpr Flag kFormatFlag = {"format", "FORMAT", "table, json or csv (table)"};

std::string Render(const QueryAnswer& answer, Format format);

struct TextTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nullopt prints NULL
  std::vector<bool> right_aligned;
};
std::string RenderTable(const TextTable& table);

}  // namespace landfall::cli
