// Analyze answers every text with a statement or an error: it never crashes, hangs or recurses
// without bound.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "googlesql/googlesql.h"

namespace landfall::googlesql {
namespace {

class OneTable final : public Catalog {
 public:
  Result<std::optional<Relation>> Find(const TablePath& path) const override {
    if (path.table.empty() || path.table[0] != 't') return std::optional<Relation>{};
    Relation table;
    table.path = path;
    table.physical = "\"t\"";
    Type record{
        TypeKind::kStruct, {{"x", Type{}}, {"y", Type{TypeKind::kString, {}, nullptr}}}, nullptr};
    table.columns.push_back(Column{.name = "a", .type = Type{}, .physical = "\"a\""});
    table.columns.push_back(
        Column{.name = "b", .type = Type{TypeKind::kString, {}, nullptr}, .physical = "\"b\""});
    table.columns.push_back(Column{.name = "s", .type = record, .physical = "\"s\""});
    table.columns.push_back(Column{.name = "r", .type = ArrayOf(record), .physical = "\"r\""});
    return std::optional<Relation>(table);
  }
};

}  // namespace
}  // namespace landfall::googlesql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landfall::googlesql;
  const OneTable catalog;
  Options options;
  options.default_project = "p";
  options.default_dataset = "d";
  options.parameters.push_back(Parameter{"p", Type{}});
  const auto statement =
      Analyze(std::string_view(reinterpret_cast<const char*>(data), size), catalog, options);
  return statement.ok() && statement->duckdb_sql.size() > (1u << 30) ? 1 : 0;
}
