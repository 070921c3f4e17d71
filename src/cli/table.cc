#include "cli/table.h"

#include <algorithm>

namespace landfall::cli {
namespace {

constexpr std::size_t kCellWidthMax = 60;

// Width in characters, not bytes: UTF-8 continuation bytes do not count.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// One line, cut to kCellWidthMax characters.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (Width(text) <= kCellWidthMax) return text;
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < text.size(); ++bytes) {
    if ((static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80 && ++characters == kCellWidthMax)
      break;
  }
  return text.substr(0, bytes) + "…";
}

std::string Padded(const std::string& text, std::size_t width, bool right) {
  const std::string fill(width - std::min(width, Width(text)), ' ');
  return right ? fill + text : text + fill;
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

const Json& Cell(const Json& row, std::size_t column) {
  return row.get_object().at("f").get_array().at(column).get_object().at("v");
}

bool IsNumber(const QueryAnswer::Column& column) {
  return column.mode != "REPEATED" &&
         (column.type == "INTEGER" || column.type == "FLOAT" || column.type == "NUMERIC");
}

std::string RenderCsv(const QueryAnswer& answer) {
  std::string text;
  for (std::size_t i = 0; i < answer.columns.size(); ++i)
    text += (i > 0 ? "," : "") + CsvCell(answer.columns[i].name);
  text += "\n";
  for (const Json& row : answer.rows) {
    for (std::size_t i = 0; i < answer.columns.size(); ++i) {
      text += (i > 0 ? "," : "") + CsvCell(CellText(answer.columns[i], Cell(row, i)).value_or(""));
    }
    text += "\n";
  }
  return text;
}

std::string RenderJson(const QueryAnswer& answer) {
  std::string text = "[";
  for (std::size_t r = 0; r < answer.rows.size(); ++r) {
    JsonObject object;
    for (std::size_t i = 0; i < answer.columns.size(); ++i) {
      object[answer.columns[i].name] = CellJson(answer.columns[i], Cell(answer.rows[r], i));
    }
    text += (r > 0 ? ",\n " : "") + ToText(object);
  }
  return text + "]\n";
}

}  // namespace

Result<Format> FormatOf(const Call& call) {
  const std::string name = call.Get("format", "table");
  if (name == "table") return Format::kTable;
  if (name == "json") return Format::kJson;
  if (name == "csv") return Format::kCsv;
  return Usage("--format is table, json or csv, not \"" + name + "\"");
}

std::string RenderTable(const TextTable& table) {
  std::vector<std::size_t> widths;
  for (const std::string& name : table.header) widths.push_back(Width(name));
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : table.rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(OneLine(row[i].value_or("NULL")));
      widths[i] = std::max(widths[i], Width(line.back()));
    }
  }
  std::string text, rule;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const bool right = i < table.right_aligned.size() && table.right_aligned[i];
    text += (i > 0 ? "  " : "") + Padded(table.header[i], widths[i], right);
    rule += (i > 0 ? "  " : "") + std::string(widths[i], '-');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text += "\n" + rule + "\n";
  for (const auto& line : cells) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool right = i < table.right_aligned.size() && table.right_aligned[i];
      out += (i > 0 ? "  " : "") + Padded(line[i], widths[i], right);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  }
  return text;
}

std::string Render(const QueryAnswer& answer, Format format) {
  if (format == Format::kCsv) return RenderCsv(answer);
  if (format == Format::kJson) return RenderJson(answer);
  TextTable table;
  for (const auto& column : answer.columns) {
    table.header.push_back(column.name);
    table.right_aligned.push_back(IsNumber(column));
  }
  for (const Json& row : answer.rows) {
    auto& line = table.rows.emplace_back();
    for (std::size_t i = 0; i < answer.columns.size(); ++i)
      line.push_back(CellText(answer.columns[i], Cell(row, i)));
  }
  return RenderTable(table);
}

}  // namespace landfall::cli
