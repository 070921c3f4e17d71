// A line protocol around Analyze for the corpus runner: one JSON request per line on stdin, one
// JSON answer per line.
//   {"sql", "time_zone", "dataset", "tables": {name: {"columns": [{"name", "type"}], "view": sql}},
//   "params": [{"name", "type"}]}
#include <iostream>
#include <map>

#include "base/json.h"
#include "googlesql/googlesql.h"

namespace landfall::googlesql {
namespace {

class NoTables final : public Catalog {
 public:
  Result<std::optional<Relation>> Find(const TablePath&) const override {
    return std::optional<Relation>{};
  }
};

// The type a GoogleSQL type text names, by way of the parser.
Type ReadType(const std::string& text) {
  const NoTables none;
  const Result<Statement> cast = Analyze("SELECT CAST(NULL AS " + text + ")", none, Options{});
  CHECK_OK(cast);
  return cast->columns[0].type;
}

class RequestCatalog final : public Catalog {
 public:
  explicit RequestCatalog(const JsonObject& tables) {
    for (const auto& [name, table] : tables) {
      Relation relation;
      const std::string text(name);
      relation.physical = QuoteIdentifier(text);
      relation.path = TablePath{"p", "d", text};
      if (const Json* view = landfall::Find(table.as_object(), "view"))
        relation.view_sql = view->as_string().c_str();
      for (const Json& column : table.as_object().at("columns").as_array()) {
        const JsonObject& c = column.as_object();
        Column one;
        one.name = c.at("name").as_string().c_str();
        one.type = ReadType(c.at("type").as_string().c_str());
        one.physical = QuoteIdentifier(one.name);
        relation.columns.push_back(std::move(one));
      }
      relations_[text] = std::move(relation);
    }
  }
  Result<std::optional<Relation>> Find(const TablePath& path) const override {
    const auto found = relations_.find(path.table);
    if (found == relations_.end()) return std::optional<Relation>{};
    return std::optional<Relation>(found->second);
  }

 private:
  std::map<std::string, Relation> relations_;
};

JsonArray Names(const std::vector<OutputColumn>& columns) {
  JsonArray all;
  for (const OutputColumn& column : columns) {
    all.push_back(JsonObject{{"name", column.name}, {"type", TypeName(column.type)}});
  }
  return all;
}

JsonObject Answer(const JsonObject& request) {
  static const JsonObject kNone;
  const Json* tables = landfall::Find(request, "tables");
  const RequestCatalog catalog(tables ? tables->as_object() : kNone);
  Options options;
  options.default_project = "p";
  options.default_dataset = "d";
  options.time_zone = request.at("time_zone").as_string().c_str();
  if (const Json* params = landfall::Find(request, "params")) {
    for (const Json& param : params->as_array()) {
      const JsonObject& p = param.as_object();
      options.parameters.push_back(
          Parameter{p.at("name").as_string().c_str(), ReadType(p.at("type").as_string().c_str())});
    }
  }
  const Result<Statement> statement =
      Analyze(request.at("sql").as_string().c_str(), catalog, options);
  if (!statement.ok()) {
    return JsonObject{{"code", std::string(CodeName(statement.status().code()))},
                      {"message", statement.status().message()}};
  }
  JsonArray guards, order, columns;
  for (const Guard& guard : statement->guards)
    guards.push_back(JsonObject{{"sql", guard.duckdb_sql}, {"error", guard.error}});
  for (const std::size_t i : statement->parameter_order) order.push_back(i);
  for (const ColumnDef& column : statement->create_table.columns) {
    const Result<std::string> type = DuckDbType(column.type);
    columns.push_back(JsonObject{{"name", column.name},
                                 {"type", TypeName(column.type)},
                                 {"duckdb", type.ok() ? *type : ""}});
  }
  return JsonObject{{"kind", std::string(StatementKindName(statement->kind))},
                    {"sql", statement->duckdb_sql},
                    {"columns", Names(statement->columns)},
                    {"guards", guards},
                    {"order", order},
                    {"target", statement->target ? statement->target->table : ""},
                    {"create", columns},
                    {"view", statement->create_view.query_sql}};
}

}  // namespace
}  // namespace landfall::googlesql

int main() {
  using namespace landfall;
  std::cout << ToText(JsonObject{{"session", std::string(googlesql::SessionSql())}}) << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const Result<Json> request = ParseJson(line);
    CHECK_OK(request);
    std::cout << ToText(googlesql::Answer(request->as_object())) << std::endl;
  }
}
