#include "warehouse/table_reader.h"

#include <algorithm>

#include "base/text.h"
#include "googlesql/types.h"
#include "warehouse/result_rows.h"
#include "warehouse/wire.h"

namespace landfall::warehouse {
namespace {

constexpr std::uint64_t kPageRowsMax = 100'000;  // also when the client names no bound

bool Names(const std::vector<std::string>& names, const std::string& field) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return EqualsIgnoreCase(name, field); });
}

}  // namespace

Result<Schema> SelectFields(const Schema& schema, const std::vector<std::string>& names) {
  if (names.empty()) return schema;
  Schema selected;
  for (const Field& field : schema) {
    if (Names(names, field.name)) selected.push_back(field);
  }
  for (const std::string& name : names) {
    if (name.find('.') != std::string::npos) {
      return Unimplemented("selectedFields of nested fields is not supported yet: " + name,
                           "notImplemented", "selectedFields");
    }
    const bool known = std::any_of(schema.begin(), schema.end(),
                                   [&](const Field& f) { return EqualsIgnoreCase(f.name, name); });
    if (!known) return InvalidArgument("No such field: " + name, "invalid", "selectedFields");
  }
  return selected;
}

Result<Rows> SelectRowFields(Rows rows, const std::vector<std::string>& names) {
  if (names.empty()) return rows;
  const Schema selected = TRY(SelectFields(rows.schema, names));
  for (std::string& text : rows.rows) {
    const Json row = TRY(ParseJson(text));
    const JsonArray& cells = row.at("f").as_array();
    JsonArray kept;
    for (std::size_t i = 0; i < rows.schema.size() && i < cells.size(); ++i) {
      if (Names(names, rows.schema[i].name)) kept.push_back(cells[i]);
    }
    text = ToText(JsonObject{{"f", std::move(kept)}});
  }
  rows.schema = selected;
  return rows;
}

Result<Rows> ReadRows(ConnectionPool& pool, const std::string& physical, const Schema& schema,
                      const RowsRequest& request) {
  const std::uint64_t first = TRY(FirstRow(request));
  const std::uint64_t rows_max = request.rows_max == 0
                                     ? kPageRowsMax
                                     : std::min<std::uint64_t>(request.rows_max, kPageRowsMax);
  Rows page;
  page.schema = TRY(SelectFields(schema, request.selected_fields));
  const ConnectionPool::Lease lease = TRY(pool.Take());
  // One snapshot for the count and the rows.
  const Transaction transaction = TRY(Transaction::Begin(*lease));
  {
    QueryResult count = TRY(lease->Run("SELECT count(*) FROM " + physical));
    if (TRY(count.Next())) page.total_rows = static_cast<std::uint64_t>(count.Int64(0));
  }
  if (page.schema.empty() || first >= page.total_rows) return page;
  std::string columns;
  std::vector<googlesql::Type> types;
  for (const Field& field : page.schema) {
    columns += (columns.empty() ? "" : ", ") + googlesql::QuoteIdentifier(field.name);
    types.push_back(TypeOf(field));
  }
  RowEncoder encoder(std::move(types));
  Prepared prepared =
      TRY(lease->Prepare("SELECT " + columns + " FROM " + physical + " LIMIT " +
                         std::to_string(rows_max) + " OFFSET " + std::to_string(first)));
  QueryResult rows = TRY(prepared.RunStreaming());
  const auto form =
      request.int64_timestamps ? TimestampForm::kInt64Micros : TimestampForm::kFloatSeconds;
  std::size_t bytes = 0;
  while (const duckdb_data_chunk chunk = TRY(rows.NextChunk())) {
    std::vector<std::string> encoded;
    TRY(encoder.Encode(chunk, encoded));
    for (const std::string& row : encoded) {
      if (bytes >= request.bytes_max) break;
      page.rows.push_back(FinishRow(row, form));
      bytes += page.rows.back().size();
    }
    if (bytes >= request.bytes_max) break;
  }
  if (first + page.rows.size() < page.total_rows)
    page.next_page_token = RowToken(first + page.rows.size());
  return page;
}

}  // namespace landfall::warehouse
