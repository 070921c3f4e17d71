// CREATE and DROP of tables, views and schemas. Other objects are refused by name.
#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

Status Parser::ParseCreate(StatementSyntax& s) {
  if (AcceptWord("OR")) {
    TRY(ExpectWord("REPLACE"));
    s.or_replace = true;
  }
  const auto refuse = [&](std::string what) { return NotSupported(sql_, s.at, "CREATE " + what); };
  if (AcceptWord("TABLE")) {
    if (IsWord("FUNCTION")) return refuse("TABLE FUNCTION");
    s.kind = StatementKind::kCreateTable;
  } else if (AcceptWord("VIEW")) {
    s.kind = StatementKind::kCreateView;
  } else if (AcceptWord("SCHEMA")) {
    s.kind = StatementKind::kCreateSchema;
  } else {
    std::string what;
    for (std::size_t i = 0; i < 2 && Peek(i).kind == TokenKind::kIdentifier; ++i) {
      if (i > 0 && !IsWord("TABLE", i) && !IsWord("FUNCTION", i) && !IsWord("VIEW", i) &&
          !IsWord("INDEX", i))
        break;
      what += (i > 0 ? " " : "") + Peek(i).text;
    }
    return what.empty() ? Unexpected() : refuse(what);
  }
  if (AcceptWord("IF")) {
    TRY(ExpectWord("NOT"));
    TRY(ExpectWord("EXISTS"));
    s.if_not_exists = true;
  }
  if (s.or_replace && s.if_not_exists) {
    return QueryError(sql_, s.at, "CREATE cannot have both OR REPLACE and IF NOT EXISTS");
  }
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  if (s.kind == StatementKind::kCreateTable) return CreateTableRest(s);
  if (s.kind == StatementKind::kCreateView) return CreateViewRest(s);
  if (IsWord("DEFAULT")) return NotBuilt("DEFAULT COLLATE");
  if (AcceptWord("OPTIONS")) s.options = TRY(OptionList());
  return Ok();
}

Status Parser::CreateTableRest(StatementSyntax& s) {
  for (const std::string_view word : {"LIKE", "COPY", "CLONE"}) {
    if (IsWord(word)) return NotSupported(sql_, s.at, "CREATE TABLE " + std::string(word));
  }
  if (IsSymbol("(")) TRY(ColumnDefinitions(s));
  if (IsWord("DEFAULT")) return NotBuilt("DEFAULT COLLATE");
  if (AcceptWord("PARTITION")) {
    TRY(ExpectWord("BY"));
    s.partition_by = TRY(Expression());
    if (IsSymbol(","))
      return QueryError(sql_, Peek().begin, "PARTITION BY only supports one expression");
  }
  if (AcceptWord("CLUSTER")) {
    TRY(ExpectWord("BY"));
    s.cluster_by = TRY(ExpressionList());
  }
  if (IsWord("WITH")) return NotBuilt("WITH CONNECTION");
  if (AcceptWord("OPTIONS")) s.options = TRY(OptionList());
  if (AcceptWord("AS")) {
    s.kind = StatementKind::kCreateTableAsSelect;
    return AsQuery(s);
  }
  if (s.columns.empty()) {
    return QueryError(sql_, Peek().begin, "CREATE TABLE needs a column list or an AS query");
  }
  return Ok();
}

Status Parser::CreateViewRest(StatementSyntax& s) {
  if (AcceptSymbol("(")) {
    do {
      s.view_columns.push_back(TRY(Identifier()));
      if (IsWord("OPTIONS")) return NotBuilt("OPTIONS of a view column");
    } while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  }
  if (AcceptWord("OPTIONS")) s.options = TRY(OptionList());
  TRY(ExpectWord("AS"));
  return AsQuery(s);
}

Status Parser::AsQuery(StatementSyntax& s) {
  if (!StartsQuery()) return Unexpected();
  s.query_begin = Peek().begin;
  s.query = TRY(ParseQuery());
  s.query_end = tokens_[next_ - 1].end;
  return Ok();
}

Status Parser::ColumnDefinitions(StatementSyntax& s) {
  TRY(ExpectSymbol("("));
  while (!IsSymbol(")")) {
    if (IsWord("PRIMARY") || IsWord("FOREIGN") || IsWord("CONSTRAINT"))
      return NotBuilt("A table constraint");
    ColumnDef column;
    column.name = TRY(Identifier());
    // The query of CREATE TABLE (names) AS SELECT gives the types.
    column.type = TRY(ParseType());
    TRY(ColumnAttributes(column));
    s.columns.push_back(std::move(column));
    if (!AcceptSymbol(",")) break;
  }
  return ExpectSymbol(")");
}

Status Parser::ColumnAttributes(ColumnDef& column) {
  for (;;) {
    if (AcceptWord("NOT")) {
      TRY(ExpectWord("NULL"));
      if (column.type.is_array()) {
        return QueryError(sql_, tokens_[next_ - 1].begin,
                          "NOT NULL is not allowed on ARRAY column " + column.name);
      }
      column.required = true;
    } else if (AcceptWord("OPTIONS")) {
      const auto options = TRY(OptionList());
      for (const auto& [name, value] : options) {
        if (!EqualsIgnoreCase(name, "description") || value->kind != ExprKind::kString) {
          return NotSupported(sql_, value->at, "Column option " + name);
        }
        column.description = value->text;
      }
    } else if (IsWord("DEFAULT") || IsWord("COLLATE") || IsWord("PRIMARY") ||
               IsWord("REFERENCES") || IsWord("GENERATED") || IsWord("AS")) {
      return NotBuilt("Column attribute " + Peek().text);
    } else {
      return Ok();
    }
  }
}

Result<std::vector<std::pair<std::string, ExprPtr>>> Parser::OptionList() {
  std::vector<std::pair<std::string, ExprPtr>> options;
  TRY(ExpectSymbol("("));
  while (!IsSymbol(")")) {
    std::string name = TRY(Identifier());
    TRY(ExpectSymbol("="));
    options.emplace_back(std::move(name), TRY(Expression()));
    if (!AcceptSymbol(",")) break;
  }
  TRY(ExpectSymbol(")"));
  return options;
}

Status Parser::ParseDrop(StatementSyntax& s) {
  if (AcceptWord("TABLE")) {
    if (IsWord("FUNCTION")) return NotSupported(sql_, s.at, "DROP TABLE FUNCTION");
    s.kind = StatementKind::kDropTable;
  } else if (AcceptWord("VIEW")) {
    s.kind = StatementKind::kDropView;
  } else if (AcceptWord("SCHEMA")) {
    s.kind = StatementKind::kDropSchema;
  } else {
    return Peek().kind == TokenKind::kIdentifier ? NotSupported(sql_, s.at, "DROP " + Peek().text)
                                                 : Unexpected();
  }
  if (AcceptWord("IF")) {
    TRY(ExpectWord("EXISTS"));
    s.if_exists = true;
  }
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  if (s.kind == StatementKind::kDropSchema) {
    s.cascade = AcceptWord("CASCADE");
    if (!s.cascade) AcceptWord("RESTRICT");
  }
  return Ok();
}

}  // namespace landfall::googlesql
