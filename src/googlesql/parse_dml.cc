// INSERT, UPDATE, DELETE, MERGE, TRUNCATE.
#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

Status Parser::ParseInsert(StatementSyntax& s) {
  s.kind = StatementKind::kInsert;
  if (IsWord("OR") || IsWord("IGNORE") || IsWord("REPLACE") || IsWord("UPDATE")) {
    return NotBuilt("INSERT " + Peek().text);
  }
  AcceptWord("INTO");
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  TRY(InsertBody(s.insert, /*merge=*/false));
  if (IsWord("ASSERT_ROWS_MODIFIED")) return NotBuilt("ASSERT_ROWS_MODIFIED");
  if (IsWord("THEN")) return NotBuilt("THEN RETURN");
  return Ok();
}

// [(columns)] VALUES (..), .. | query | ROW (MERGE only)
Status Parser::InsertBody(InsertRows& insert, bool merge) {
  if (IsSymbol("(") && !StartsQuery()) {
    ++next_;
    do {
      if (IsSymbol(")")) break;
      insert.columns.push_back(TRY(Identifier()));
    } while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  }
  if (merge && AcceptWord("ROW")) {
    insert.all_columns = true;
    return Ok();
  }
  if (!AcceptWord("VALUES")) {
    if (merge) return Expected("keyword VALUES");
    if (!StartsQuery()) return Expected("keyword VALUES");
    insert.query = TRY(ParseQuery());
    return Ok();
  }
  do {
    TRY(ExpectSymbol("("));
    std::vector<ExprPtr> row;
    do {
      if (AcceptWord("DEFAULT")) {
        row.push_back(nullptr);
      } else {
        row.push_back(TRY(Expression()));
      }
    } while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
    insert.rows.push_back(std::move(row));
  } while (!merge && AcceptSymbol(","));
  return Ok();
}

Status Parser::ParseUpdate(StatementSyntax& s) {
  s.kind = StatementKind::kUpdate;
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  s.target_alias = TRY(OptionalAlias(false));
  TRY(ExpectWord("SET"));
  s.update = TRY(Assignments());
  if (AcceptWord("FROM")) s.from = TRY(ParseFrom());
  if (!AcceptWord("WHERE")) {
    return QueryError(sql_, s.at, "UPDATE must have a WHERE clause");
  }
  s.where = TRY(Expression());
  if (IsWord("ASSERT_ROWS_MODIFIED")) return NotBuilt("ASSERT_ROWS_MODIFIED");
  if (IsWord("THEN")) return NotBuilt("THEN RETURN");
  return Ok();
}

Result<std::vector<Assignment>> Parser::Assignments() {
  std::vector<Assignment> all;
  do {
    Assignment one;
    one.at = Peek().begin;
    if (IsSymbol("(")) return NotBuilt("Nested DML or multiple-column SET");
    one.path.push_back(TRY(Identifier()));
    while (AcceptSymbol(".")) one.path.push_back(TRY(AnyIdentifier()));
    if (IsSymbol("[")) return NotBuilt("Assignment to an array element");
    TRY(ExpectSymbol("="));
    if (!AcceptWord("DEFAULT")) one.value = TRY(Expression());
    all.push_back(std::move(one));
  } while (AcceptSymbol(","));
  return all;
}

Status Parser::ParseDelete(StatementSyntax& s) {
  s.kind = StatementKind::kDelete;
  AcceptWord("FROM");
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  s.target_alias = TRY(OptionalAlias(false));
  if (!AcceptWord("WHERE")) return QueryError(sql_, s.at, "DELETE must have a WHERE clause");
  s.where = TRY(Expression());
  if (IsWord("ASSERT_ROWS_MODIFIED")) return NotBuilt("ASSERT_ROWS_MODIFIED");
  if (IsWord("THEN")) return NotBuilt("THEN RETURN");
  return Ok();
}

Status Parser::ParseMerge(StatementSyntax& s) {
  s.kind = StatementKind::kMerge;
  AcceptWord("INTO");
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  s.target_alias = TRY(OptionalAlias(false));
  TRY(ExpectWord("USING"));
  s.from = TRY(FromPrimary());
  TRY(ExpectWord("ON"));
  s.where = TRY(Expression());
  if (!IsWord("WHEN")) return Expected("keyword WHEN");
  while (IsWord("WHEN")) s.arms.push_back(TRY(ParseMergeArm()));
  return Ok();
}

Result<MergeArm> Parser::ParseMergeArm() {
  MergeArm arm;
  arm.at = Peek().begin;
  TRY(ExpectWord("WHEN"));
  if (AcceptWord("NOT")) {
    TRY(ExpectWord("MATCHED"));
    arm.when = MergeArm::When::kNotMatchedByTarget;
    if (AcceptWord("BY")) {
      if (AcceptWord("SOURCE")) {
        arm.when = MergeArm::When::kNotMatchedBySource;
      } else {
        TRY(ExpectWord("TARGET"));
      }
    }
  } else {
    TRY(ExpectWord("MATCHED"));
  }
  if (AcceptWord("AND")) arm.condition = TRY(Expression());
  TRY(ExpectWord("THEN"));
  if (AcceptWord("DELETE")) {
    arm.action = MergeArm::Action::kDelete;
  } else if (AcceptWord("UPDATE")) {
    arm.action = MergeArm::Action::kUpdate;
    TRY(ExpectWord("SET"));
    arm.update = TRY(Assignments());
  } else {
    TRY(ExpectWord("INSERT"));
    TRY(InsertBody(arm.insert, /*merge=*/true));
  }
  const bool insert = arm.action == MergeArm::Action::kInsert;
  if (insert != (arm.when == MergeArm::When::kNotMatchedByTarget)) {
    return QueryError(
        sql_, arm.at,
        insert ? "INSERT is only allowed in a WHEN NOT MATCHED [BY TARGET] clause of MERGE"
               : "UPDATE and DELETE are not allowed in a WHEN NOT MATCHED BY TARGET "
                 "clause of MERGE");
  }
  return arm;
}

Status Parser::ParseTruncate(StatementSyntax& s) {
  s.kind = StatementKind::kTruncate;
  TRY(ExpectWord("TABLE"));
  s.target_at = Peek().begin;
  s.target = TRY(TablePath());
  if (IsWord("WHERE")) return NotBuilt("TRUNCATE TABLE with WHERE");
  return Ok();
}

}  // namespace landfall::googlesql
