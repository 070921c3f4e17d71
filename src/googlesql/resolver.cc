#include "googlesql/resolver.h"

#include <algorithm>

#include "base/text.h"
#include "googlesql/lexer.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

Resolver::Resolver(const Catalog& catalog, const Options& options, std::string_view sql)
    : catalog_(catalog), options_(options), sql_(sql), dialect_{options.time_zone} {}

Status Resolver::Error(std::uint32_t at, std::string_view message) const {
  return QueryError(sql_, at, message);
}

Status Resolver::Refuse(std::uint32_t at, std::string_view what) const {
  return NotSupported(sql_, at, what);
}

Status Resolver::At(std::uint32_t at, const Status& status) const {
  if (status.ok() || status.message().ends_with(']')) return status;
  const Position position = PositionOf(sql_, at);
  return Status(status.code(),
                status.message() + " at [" + std::to_string(position.line) + ":" +
                    std::to_string(position.column) + "]",
                status.reason(), "query");
}

Result<Value> Resolver::CoerceAt(std::uint32_t at, Value value, const Type& to) const {
  if (!CoercionCost(value, to)) {
    return Error(
        at, "Value of type " + TypeName(value.type) + " cannot be coerced to type " + TypeName(to));
  }
  Result<Value> coerced = Coerce(std::move(value), to, dialect_);
  if (!coerced.ok()) return At(at, coerced.status());
  return coerced;
}

Result<TablePath> Resolver::ToTablePath(const std::vector<std::string>& path,
                                        std::uint32_t at) const {
  TablePath table;
  table.table = path.back();
  if (path.size() == 1) {
    if (options_.default_dataset.empty()) {
      return Error(
          at, "Table \"" + path[0] + "\" must be qualified with a dataset (e.g. dataset.table)");
    }
    table.project = options_.default_project;
    table.dataset = options_.default_dataset;
    return table;
  }
  // INFORMATION_SCHEMA stays with its dataset, or with the project when there is no dataset.
  std::size_t datasets_from = path.size() - 2;
  if (path.size() >= 3 && EqualsIgnoreCase(path[path.size() - 2], "INFORMATION_SCHEMA")) {
    datasets_from = path.size() == 3 ? 0 : 1;
  }
  table.project = datasets_from == 0 ? options_.default_project : path[0];
  for (std::size_t i = 1;
       i < datasets_from && !EqualsIgnoreCase(path[path.size() - 2], "INFORMATION_SCHEMA"); ++i) {
    table.project += "." + path[i];
  }
  for (std::size_t i = datasets_from; i + 1 < path.size(); ++i) {
    table.dataset += (table.dataset.empty() ? "" : ".") + path[i];
  }
  return table;
}

Result<Relation> Resolver::FindTable(const std::vector<std::string>& path, std::uint32_t at) {
  const TablePath table = TRY(ToTablePath(path, at));
  std::optional<Relation> found = TRY(catalog_.Find(table));
  if (!found)
    return NotFound("Not found: Table " + ToString(table) + " was not found in location US");
  auto& all = out_.referenced_tables;
  if (std::find(all.begin(), all.end(), found->path) == all.end()) all.push_back(found->path);
  return std::move(*found);
}

// SQL with the names users see. Duplicates are an error wherever rows leave a statement.
Result<std::string> Resolver::OutputSql(const QueryPlan& plan, bool check_names) {
  std::vector<std::string> names;
  int anonymous = 0;
  for (const PlanColumn& column : plan.columns) {
    std::string name = column.name.empty() ? "f" + std::to_string(anonymous) + "_" : column.name;
    if (column.name.empty()) ++anonymous;
    for (const std::string& other : names) {
      if (check_names && EqualsIgnoreCase(name, other)) {
        return InvalidArgument(
            "Duplicate column names in the result are not supported. Found duplicate(s): " + name,
            "invalidQuery", "query");
      }
    }
    out_.columns.push_back(OutputColumn{name, column.type});
    names.push_back(std::move(name));
  }
  out_.ordered = !plan.order.empty();
  return Text(plan, names);
}

Result<Statement> Resolver::Run(const StatementSyntax& syntax) {
  out_.kind = syntax.kind;
  switch (syntax.kind) {
    case StatementKind::kSelect: {
      const QueryPlan plan = TRY(ResolveQuery(*syntax.query, nullptr));
      out_.duckdb_sql = TRY(OutputSql(plan, true));
      break;
    }
    case StatementKind::kInsert:
      TRY(ResolveInsert(syntax));
      break;
    case StatementKind::kUpdate:
      TRY(ResolveUpdate(syntax));
      break;
    case StatementKind::kDelete:
      TRY(ResolveDelete(syntax));
      break;
    case StatementKind::kMerge:
      TRY(ResolveMerge(syntax));
      break;
    default:
      TRY(ResolveDdl(syntax));
      break;
  }
  for (const ScannedTable& table : scanned_) {
    if (!table.require_filter || table.filtered) continue;
    return InvalidArgument("Cannot query over table '" + table.path.project + "." +
                               table.path.dataset + "." + table.path.table +
                               "' without a filter over column(s) '" + table.partition_column +
                               "' that can be used for partition elimination",
                           "invalidQuery", "query");
  }
  return std::move(out_);
}

Result<Statement> Analyze(std::string_view sql, const Catalog& catalog, const Options& options) {
  if (sql.size() > kStatementBytesMax) {
    return InvalidArgument("query is " + std::to_string(sql.size()) + " bytes; the limit is " +
                               std::to_string(kStatementBytesMax),
                           "invalidQuery", "query");
  }
  const std::unique_ptr<StatementSyntax> syntax = TRY(Parser::ParseStatement(sql));
  Resolver resolver(catalog, options, sql);
  return resolver.Run(*syntax);
}

std::string ToString(const TablePath& path) {
  return path.project + ":" + path.dataset + "." + path.table;
}

std::string_view StatementKindName(StatementKind kind) {
  switch (kind) {
    case StatementKind::kSelect:
      return "SELECT";
    case StatementKind::kInsert:
      return "INSERT";
    case StatementKind::kUpdate:
      return "UPDATE";
    case StatementKind::kDelete:
      return "DELETE";
    case StatementKind::kMerge:
      return "MERGE";
    case StatementKind::kTruncate:
      return "TRUNCATE_TABLE";
    case StatementKind::kCreateTable:
      return "CREATE_TABLE";
    case StatementKind::kCreateTableAsSelect:
      return "CREATE_TABLE_AS_SELECT";
    case StatementKind::kCreateView:
      return "CREATE_VIEW";
    case StatementKind::kDropTable:
      return "DROP_TABLE";
    case StatementKind::kDropView:
      return "DROP_VIEW";
    case StatementKind::kCreateSchema:
      return "CREATE_SCHEMA";
    case StatementKind::kDropSchema:
      return "DROP_SCHEMA";
  }
  return "";
}

}  // namespace landfall::googlesql
