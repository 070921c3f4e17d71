#include "warehouse/csv.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kFieldsMax = 10'000;  // BigQuery's limit of columns

bool Fail(RecordError& error, std::string_view stage, std::string_view code,
          std::string_view expected, std::string_view got, std::string_view column = {}) {
  error = {.stage = stage,
           .code = code,
           .column = std::string(column),
           .expected = std::string(expected),
           .got = std::string(CutGot(got))};
  return false;
}

// `\t` may come as the two characters, as BigQuery's command line allows.
Result<char> OneByte(std::string_view name, std::string_view value) {
  if (value == "\\t" || EqualsIgnoreCase(value, "tab")) return '\t';
  if (value.size() == 1) return value[0];
  return InvalidArgument(std::string(name) + " must be a single-byte character; got \"" +
                         std::string(value) + "\"");
}

// Doubled quotes become one.
std::string_view Undouble(std::string_view text, char quote, LoadArena& arena) {
  if (std::memchr(text.data(), quote, text.size()) == nullptr) return text;
  char* const start = arena.Allocate(text.size());
  char* out = start;
  for (std::size_t i = 0; i < text.size(); ++i) {
    *out++ = text[i];
    if (text[i] == quote) ++i;
  }
  const auto bytes = static_cast<std::size_t>(out - start);
  arena.Shrink(start, bytes);
  return {start, bytes};
}

}  // namespace

Result<CsvOptions> CsvOptionsOf(const LoadConfig& config) {
  CsvOptions options;
  options.delimiter = TRY(OneByte("fieldDelimiter", config.field_delimiter));
  options.quote = config.quote.empty() ? '\0' : TRY(OneByte("quote", config.quote));
  if (options.delimiter == options.quote)
    return InvalidArgument("quote and fieldDelimiter must differ");
  options.null_markers = config.null_markers;
  if (options.null_markers.empty()) options.null_markers = {config.null_marker};
  options.nul_bytes = config.preserve_control_characters;
  options.allow_quoted_newlines = config.allow_quoted_newlines;
  options.allow_jagged_rows = config.allow_jagged_rows;
  options.ignore_unknown_values = config.ignore_unknown_values;
  if (EqualsIgnoreCase(config.encoding, "ISO-8859-1")) {
    options.latin1 = true;
  } else if (!config.encoding.empty() && !EqualsIgnoreCase(config.encoding, "UTF-8")) {
    return InvalidArgument("encoding must be UTF-8 or ISO-8859-1; got " + config.encoding);
  }
  return options;
}

template <typename OnRecord>
void CsvFramer::Walk(std::string_view text, OnRecord on_record) const {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (!options_.allow_quoted_newlines || options_.quote == '\0') {
    for (const char* at = begin; at < end;) {
      const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
      if (newline == nullptr) return;
      at = static_cast<const char*>(newline) + 1;
      if (!on_record(static_cast<std::size_t>(at - begin))) return;
    }
    return;
  }
  bool field_start = true;
  for (const char* at = begin; at < end; ++at) {
    if (field_start && *at == options_.quote) {
      // To the closing quote: a doubled one closes and opens again, which comes to the same.
      for (;;) {
        at = static_cast<const char*>(
            std::memchr(at + 1, options_.quote, static_cast<std::size_t>(end - at - 1)));
        if (at == nullptr) return;
        if (at + 1 == end || at[1] != options_.quote) break;
        ++at;
      }
      field_start = false;
    } else if (*at == '\n') {
      field_start = true;
      if (!on_record(static_cast<std::size_t>(at - begin) + 1)) return;
    } else {
      field_start = *at == options_.delimiter;
    }
  }
}

CsvFramer::Found CsvFramer::Scan(std::string_view text) const {
  Found found;
  Walk(text, [&found](std::size_t bytes) {
    found.bytes = bytes;
    ++found.records;
    return true;
  });
  return found;
}

std::size_t CsvFramer::FirstRecord(std::string_view text) const {
  std::size_t first = text.size();
  Walk(text, [&first](std::size_t bytes) {
    first = bytes;
    return false;
  });
  return first;
}

std::string_view FromLatin1(std::string_view text, LoadArena& arena) {
  const auto high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  const auto extra = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), high));
  if (extra == 0) return text;
  char* const start = arena.Allocate(text.size() + extra);
  char* out = start;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) *out++ = static_cast<char>(0xC0 | byte >> 6);
    *out++ = byte >= 0x80 ? static_cast<char>(0x80 | (byte & 63)) : c;
  }
  return {start, text.size() + extra};
}

bool SplitCsv(const CsvOptions& options, std::string_view record, LoadArena& arena,
              std::vector<CsvField>& fields, RecordError& error) {
  fields.clear();
  for (;;) {
    if (fields.size() == kFieldsMax)
      return Fail(error, "parse", "too_many_columns", "at most 10000 columns", "");
    CsvField field;
    std::size_t end = 0;
    if (options.quote != '\0' && !record.empty() && record[0] == options.quote) {
      std::size_t close = record.find(options.quote, 1);
      while (close != std::string_view::npos && close + 1 < record.size() &&
             record[close + 1] == options.quote) {
        close = record.find(options.quote, close + 2);
      }
      if (close == std::string_view::npos) {
        return Fail(error, "frame", "unclosed_quote",
                    "a closing quote (newlines in quotes need allowQuotedNewlines)", record);
      }
      field = {.text = Undouble(record.substr(1, close - 1), options.quote, arena), .quoted = true};
      end = close + 1;
      if (end < record.size() && record[end] != options.delimiter) {
        return Fail(error, "parse", "bad_quoting", "a field separator behind the closing quote",
                    record.substr(end));
      }
    } else {
      end = std::min(record.find(options.delimiter), record.size());
      field.text = record.substr(0, end);
    }
    fields.push_back(field);
    if (end >= record.size()) return true;
    record.remove_prefix(end + 1);
  }
}

CsvReader::CsvReader(const CsvOptions& options, ChunkWriter& writer)
    : options_(options), writer_(writer) {}

bool CsvReader::ReadRecord(std::string_view record, idx_t row, RecordError& error) {
  if (record.ends_with('\r')) record.remove_suffix(1);
  if (!options_.nul_bytes && std::memchr(record.data(), '\0', record.size()) != nullptr) {
    return Fail(error, "decode", "nul_byte",
                "no NUL bytes (ASCII 0) without preserveAsciiControlCharacters", "");
  }
  if (options_.latin1) {
    record = FromLatin1(record, writer_.arena());
  } else if (!IsValidUtf8(record)) {
    return Fail(error, "decode", "invalid_utf8", "valid UTF-8", "");
  }
  if (!SplitCsv(options_, record, writer_.arena(), fields_, error)) return false;
  writer_.BeginRow();
  if (WriteRow(row, error)) return true;
  writer_.AbortRow();
  return false;
}

bool CsvReader::WriteRow(idx_t row, RecordError& error) {
  std::vector<ColumnSlot>& columns = writer_.columns();
  const std::size_t columns_max = columns.size() - options_.constant_columns;
  if (fields_.size() > columns_max && !options_.ignore_unknown_values) {
    return Fail(error, "schema", "too_many_columns",
                "at most " + std::to_string(columns_max) + " columns",
                std::to_string(fields_.size()) + " columns");
  }
  if (fields_.size() < columns_max && !options_.allow_jagged_rows) {
    return Fail(error, "schema", "too_few_columns", std::to_string(columns_max) + " columns",
                std::to_string(fields_.size()) + " columns");
  }
  const auto is_null = [&](const CsvField& field) {
    return !field.quoted && std::find(options_.null_markers.begin(), options_.null_markers.end(),
                                      field.text) != options_.null_markers.end();
  };
  for (std::size_t i = 0; i < columns_max; ++i) {
    const bool null = i >= fields_.size() || is_null(fields_[i]);
    if (!null) {
      if (!WriteCell(columns[i], fields_[i], row, error)) return false;
    } else if (!ChunkWriter::SetAbsent(columns[i], row)) {
      return Fail(error, "constraint", "missing_required", "a value, the field is REQUIRED", "",
                  columns[i].name);
    }
  }
  return true;
}

bool CsvReader::WriteCell(ColumnSlot& slot, const CsvField& field, idx_t row, RecordError& error) {
  const CellError cell =
      slot.mode == Mode::kRepeated
          ? CellError::kWrongType
          : StoreScalar(slot.type, {.kind = ScalarKind::kText, .text = field.text}, slot.data, row,
                        writer_.arena());
  if (cell != CellError::kNone) {
    return Fail(error, "type", CellErrorCode(cell), googlesql::WireTypeName(slot.type), field.text,
                slot.name);
  }
  ChunkWriter::SetValid(slot, row);
  return true;
}

}  // namespace landfall::warehouse
