// CREATE, DROP and TRUNCATE: checked here, carried out by the caller from the structs of Statement.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {

Status Resolver::ResolveDdl(const StatementSyntax& s) {
  out_.kind = s.kind;
  switch (s.kind) {
    case StatementKind::kCreateTable:
    case StatementKind::kCreateTableAsSelect:
      return ResolveCreateTable(s);
    case StatementKind::kCreateView:
      return ResolveCreateView(s);
    case StatementKind::kTruncate: {
      const Relation target = TRY(WritableTarget(s));
      out_.duckdb_sql = "TRUNCATE " + target.physical;
      return Ok();
    }
    case StatementKind::kDropTable:
    case StatementKind::kDropView: {
      out_.target = TRY(ToTablePath(s.target, s.target_at));
      out_.drop = Drop{s.if_exists, false};
      return Ok();
    }
    case StatementKind::kCreateSchema:
    case StatementKind::kDropSchema: {
      if (s.target.size() > 2) return Error(s.target_at, "Invalid dataset ID");
      out_.target = TablePath{s.target.size() == 2 ? s.target[0] : options_.default_project,
                              s.target.back(), ""};
      out_.drop = Drop{s.if_exists, s.cascade};
      out_.create_table.if_not_exists = s.if_not_exists;
      for (const auto& [name, value] : s.options)
        out_.create_table.options.push_back(TRY(ResolveOption(name, *value)));
      return Ok();
    }
    default:
      return Internal("not a DDL statement");
  }
}

Status Resolver::ResolveCreateTable(const StatementSyntax& s) {
  out_.target = TRY(ToTablePath(s.target, s.target_at));
  CreateTable& create = out_.create_table;
  create.or_replace = s.or_replace;
  create.if_not_exists = s.if_not_exists;
  create.columns = s.columns;
  for (std::size_t i = 0; i < create.columns.size(); ++i) {
    TRY(At(s.target_at, DuckDbType(create.columns[i].type).status()));
    for (std::size_t k = 0; k < i; ++k) {
      if (EqualsIgnoreCase(create.columns[i].name, create.columns[k].name)) {
        return Error(s.target_at,
                     "Duplicate column name " + create.columns[i].name + " in CREATE TABLE");
      }
    }
  }
  if (s.query) {
    QueryPlan plan = TRY(ResolveQuery(*s.query, nullptr));
    if (!create.columns.empty()) {
      if (create.columns.size() != plan.columns.size()) {
        return Error(s.target_at,
                     "The number of columns in the column definition list does not match the "
                     "number of columns produced by the query");
      }
      Seal(plan);
      std::string list;
      for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        PlanColumn& from = plan.columns[i];
        Column column;
        column.name = create.columns[i].name;
        column.type = create.columns[i].type;
        Value value = TRY(ForColumn(
            s.query->at, Value{from.id, from.type, from.literal, from.literal_text}, column));
        const std::string id = NextColumn();
        list += (i > 0 ? ", " : "") + value.sql + " AS " + id;
        from = PlanColumn{column.name, id, column.type, Value::Literal::kNone, ""};
      }
      plan.body = "SELECT " + list + " FROM (" + plan.body + ") AS " + NextTable();
    } else {
      for (const PlanColumn& column : plan.columns) {
        if (column.name.empty()) {
          return Error(s.query->at, "CREATE TABLE columns must be named, but column " +
                                        std::to_string(&column - plan.columns.data() + 1) +
                                        " has no name");
        }
        TRY(At(s.query->at, DuckDbType(column.type).status()));
        create.columns.push_back(ColumnDef{column.name, column.type, false, ""});
      }
    }
    out_.duckdb_sql = TRY(OutputSql(plan, true));
  }
  if (s.partition_by) create.partition_by = TRY(ResolvePartition(*s.partition_by, create.columns));
  for (const ExprPtr& expr : s.cluster_by) {
    if (expr->kind != ExprKind::kName)
      return Error(expr->at, "CLUSTER BY expression must be a column name");
    const bool known =
        std::any_of(create.columns.begin(), create.columns.end(),
                    [&](const ColumnDef& c) { return EqualsIgnoreCase(c.name, expr->text); });
    if (!known) return Error(expr->at, "Unrecognized name: " + expr->text);
    create.cluster_by.push_back(expr->text);
  }
  for (const auto& [name, value] : s.options)
    create.options.push_back(TRY(ResolveOption(name, *value)));
  return Ok();
}

Status Resolver::ResolveCreateView(const StatementSyntax& s) {
  out_.target = TRY(ToTablePath(s.target, s.target_at));
  CreateView& view = out_.create_view;
  view.or_replace = s.or_replace;
  view.if_not_exists = s.if_not_exists;
  view.query_sql = std::string(sql_.substr(s.query_begin, s.query_end - s.query_begin));
  QueryPlan plan = TRY(ResolveQuery(*s.query, nullptr));
  if (!s.view_columns.empty()) {
    if (s.view_columns.size() != plan.columns.size()) {
      return Error(s.target_at, "View column list has " + std::to_string(s.view_columns.size()) +
                                    " names, the query has " + std::to_string(plan.columns.size()) +
                                    " columns");
    }
    for (std::size_t i = 0; i < plan.columns.size(); ++i) plan.columns[i].name = s.view_columns[i];
  }
  for (const PlanColumn& column : plan.columns) {
    if (column.name.empty()) return Error(s.query->at, "CREATE VIEW columns must be named");
    view.column_names.push_back(column.name);
  }
  out_.duckdb_sql = TRY(OutputSql(plan, true));
  for (const auto& [name, value] : s.options)
    view.options.push_back(TRY(ResolveOption(name, *value)));
  return Ok();
}

namespace {

const ColumnDef* FindDef(const std::vector<ColumnDef>& columns, std::string_view name) {
  for (const ColumnDef& column : columns) {
    if (EqualsIgnoreCase(column.name, name)) return &column;
  }
  return nullptr;
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

}  // namespace

// col | DATE(ts) | DATE_TRUNC(col, MONTH) and kin | RANGE_BUCKET(col, GENERATE_ARRAY(a, b, step)) |
// _PARTITIONDATE
Result<PartitionBy> Resolver::ResolvePartition(const Expr& expr,
                                               const std::vector<ColumnDef>& columns) {
  PartitionBy by;
  by.type = "DAY";
  const auto column_of = [&](const Expr& name) -> Result<const ColumnDef*> {
    if (name.kind != ExprKind::kName)
      return Error(name.at, "PARTITION BY expression must be a column or a function of one");
    const ColumnDef* column = FindDef(columns, name.text);
    if (!column) return Error(name.at, "Unrecognized name: " + name.text);
    by.column = column->name;
    return column;
  };
  const auto ingestion = [](const Expr& name) {
    return name.kind == ExprKind::kName && (EqualsIgnoreCase(name.text, "_PARTITIONDATE") ||
                                            EqualsIgnoreCase(name.text, "_PARTITIONTIME"));
  };
  if (expr.kind == ExprKind::kName) {
    if (ingestion(expr)) return by;
    const ColumnDef* column = TRY(column_of(expr));
    if (column->type.kind != TypeKind::kDate) {
      return Error(
          expr.at,
          "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), "
          "DATETIME_TRUNC(<datetime_column>, DAY/HOUR/MONTH/YEAR), a DATE column, "
          "TIMESTAMP_TRUNC(<timestamp_column>, DAY/HOUR/MONTH/YEAR), DATE_TRUNC(<date_column>, "
          "MONTH/YEAR), or RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(<int64_value>, "
          "<int64_value>[, <int64_value>]))");
    }
    return by;
  }
  if (expr.kind != ExprKind::kCall || expr.names.size() != 1 || expr.args.empty()) {
    return Error(expr.at, "PARTITION BY expression must be a column or a function of one");
  }
  const std::string name = Upper(expr.names[0]);
  if (name == "RANGE_BUCKET" && expr.args.size() == 2) {
    by = TRY(IntegerPartition(*expr.args[1]));
    const ColumnDef* column = TRY(column_of(*expr.args[0]));
    if (column->type.kind != TypeKind::kInt64)
      return Error(expr.at, "RANGE_BUCKET partitioning needs an INT64 column");
    return by;
  }
  if (name == "DATE" && expr.args.size() == 1) {
    if (ingestion(*expr.args[0])) return by;
    const ColumnDef* column = TRY(column_of(*expr.args[0]));
    if (column->type.kind != TypeKind::kTimestamp && column->type.kind != TypeKind::kDatetime) {
      return Error(expr.at, "PARTITION BY DATE(x) needs a TIMESTAMP or DATETIME column");
    }
    return by;
  }
  const bool trunc = name == "DATE_TRUNC" || name == "DATETIME_TRUNC" || name == "TIMESTAMP_TRUNC";
  if (!trunc || expr.args.size() != 2 || expr.args[1]->kind != ExprKind::kName) {
    return Error(expr.at, "PARTITION BY expression must be a column or a function of one");
  }
  by.type = Upper(expr.args[1]->text);
  if (by.type != "HOUR" && by.type != "DAY" && by.type != "MONTH" && by.type != "YEAR") {
    return Error(expr.args[1]->at, "PARTITION BY does not support the " + by.type + " date part");
  }
  if (ingestion(*expr.args[0])) return by;
  const ColumnDef* column = TRY(column_of(*expr.args[0]));
  const TypeKind wanted = name == "DATE_TRUNC"       ? TypeKind::kDate
                          : name == "DATETIME_TRUNC" ? TypeKind::kDatetime
                                                     : TypeKind::kTimestamp;
  if (column->type.kind != wanted || (wanted == TypeKind::kDate && by.type == "HOUR")) {
    return Error(expr.at, name + " partitioning does not fit column " + column->name + " of type " +
                              TypeName(column->type));
  }
  return by;
}

Result<PartitionBy> Resolver::IntegerPartition(const Expr& call) {
  const bool generate = call.kind == ExprKind::kCall && call.names.size() == 1 &&
                        Upper(call.names[0]) == "GENERATE_ARRAY";
  if (!generate || call.args.size() < 2 || call.args.size() > 3) {
    return Error(call.at,
                 "RANGE_BUCKET partitioning needs GENERATE_ARRAY(start, end[, step]) of integers");
  }
  std::int64_t values[3] = {0, 0, 1};
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const auto value =
        call.args[i]->kind == ExprKind::kInteger ? ParseInt64(call.args[i]->text) : std::nullopt;
    if (!value)
      return Error(call.args[i]->at, "GENERATE_ARRAY of a partitioning needs integer literals");
    values[i] = *value;
  }
  if (values[2] < 1 || values[1] <= values[0])
    return Error(call.at, "GENERATE_ARRAY of a partitioning must be ascending");
  PartitionBy by;
  by.type = "RANGE";
  by.range_start = values[0];
  by.range_end = values[1];
  by.range_interval = values[2];
  return by;
}

Result<Option> Resolver::ResolveOption(const std::string& name, const Expr& value) {
  Option option;
  option.name = AsciiLower(name);
  switch (value.kind) {
    case ExprKind::kNull:
      return option;
    case ExprKind::kBool:
      option.value = value.text == "TRUE";
      return option;
    case ExprKind::kString:
      option.value = value.text;
      return option;
    case ExprKind::kInteger:
      if (const auto number = ParseInt64(value.text)) {
        option.value = *number;
        return option;
      }
      break;
    case ExprKind::kFloat:
      option.value = std::stod(value.text);
      return option;
    case ExprKind::kTypedLiteral:
      option.value = value.text;
      return option;
    case ExprKind::kArray: {
      std::vector<std::pair<std::string, std::string>> pairs;
      for (const ExprPtr& pair : value.args) {
        const bool two = pair->kind == ExprKind::kStruct && pair->args.size() == 2 &&
                         pair->args[0]->kind == ExprKind::kString &&
                         pair->args[1]->kind == ExprKind::kString;
        if (!two) return Refuse(pair->at, "This value of option " + name);
        pairs.emplace_back(pair->args[0]->text, pair->args[1]->text);
      }
      option.value = std::move(pairs);
      return option;
    }
    default:
      break;
  }
  return Refuse(value.at, "This value of option " + name);
}

}  // namespace landfall::googlesql
