// Recursive descent for statements and queries, precedence climbing for expressions. Stops at the
// first error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "googlesql/ast.h"
#include "googlesql/lexer.h"

namespace landfall::googlesql {

// Deeper nesting is refused: every level costs stack here and in the resolver.
inline constexpr int kDepthMax = 150;
// Longer statements are refused before they are read.
inline constexpr std::size_t kStatementBytesMax = 1024 * 1024;

// The precedence of expressions that stop before IN, LIKE, = and the other predicates.
inline constexpr int kAbovePredicates = 5;

class Parser {
 public:
  static Result<std::unique_ptr<StatementSyntax>> ParseStatement(std::string_view sql);

 private:
  Parser(std::string_view sql, std::vector<Token> tokens) : sql_(sql), tokens_(std::move(tokens)) {
    MatchParentheses();
  }

  // Tokens (parser.cc)
  const Token& Peek(std::size_t ahead = 0) const;
  bool IsWord(std::string_view word,
              std::size_t ahead = 0) const;  // an unquoted identifier, any case
  bool IsSymbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool AcceptWord(std::string_view word);
  bool AcceptSymbol(std::string_view symbol);
  Status ExpectWord(std::string_view word);
  Status ExpectSymbol(std::string_view symbol);
  Status CloseAngle();                  // ">" or the first half of ">>"
  Result<std::string> Identifier();     // reserved words are refused
  Result<std::string> AnyIdentifier();  // after a dot every word is a name
  bool IsIdentifier(std::size_t ahead = 0) const;
  Status Expected(std::string_view what) const;  // "Syntax error: Expected .. but got .. at .."
  Status Unexpected() const;
  Status NotBuilt(std::string_view what) const;  // at the current token
  std::string Describe(const Token& token) const;
  Result<std::vector<std::string>> TablePath();  // dashes, backquotes and dots
  Status Relex(std::size_t offset);
  void MatchParentheses();
  Result<std::string> OptionalAlias(bool as_needed_for_words);
  Result<Type> ParseType();
  Status Enter();  // counts nesting
  void Leave() { --depth_; }

  // Expressions (parse_expression.cc, parse_primary.cc)
  ExprPtr Make(ExprKind kind, std::uint32_t at) const;
  Result<ExprPtr> Finish(ExprPtr expr) const;  // sets and checks the depth
  Result<ExprPtr> Expression(int minimum_precedence = 0);
  Result<ExprPtr> Operator(ExprPtr left, int precedence);
  bool StartsPredicate() const;
  Result<ExprPtr> Predicate(ExprPtr left);  // IN, LIKE, BETWEEN, IS, comparisons
  Result<ExprPtr> InPredicate(ExprPtr left, bool negated, std::uint32_t at);
  Result<ExprPtr> LikePredicate(ExprPtr left, bool negated, std::uint32_t at);
  Result<ExprPtr> IsPredicate(ExprPtr left, std::uint32_t at);
  Result<ExprPtr> Unary();
  Result<ExprPtr> Postfix(ExprPtr base);
  Result<ExprPtr> Subscript(ExprPtr base);
  Result<ExprPtr> Primary();
  Result<ExprPtr> WordPrimary();
  Result<ExprPtr> TypedLiteral();
  Result<ExprPtr> Parenthesized();
  Result<ExprPtr> CaseExpression();
  Result<ExprPtr> CastExpression(bool safe);
  Result<ExprPtr> ExtractExpression();
  Result<ExprPtr> IntervalExpression();
  Result<ExprPtr> StructConstructor();
  Result<ExprPtr> ArrayConstructor();
  Result<ExprPtr> Call(ExprPtr callee);
  Status CallArguments(Expr& call);
  Status CallTail(Expr& call);  // inside the parentheses, after the arguments
  Result<std::unique_ptr<WindowSpec>> Window();
  Status Frame(WindowSpec& window);
  Status FrameBound(std::string& bound, ExprPtr& offset);
  Result<std::vector<OrderItem>> OrderBy();
  Result<std::vector<ExprPtr>> ExpressionList();

  // Queries (parse_query.cc, parse_from.cc)
  bool StartsQuery(std::size_t ahead = 0) const;
  Result<QueryPtr> ParseQuery();
  Result<QueryPtr> SetOperand();
  Result<QueryPtr> QueryBody();
  Result<QueryPtr> ParenthesizedQuery();  // after "("; takes the ")"
  Status With(Query& query);
  Status Tail(Query& query);  // ORDER BY, LIMIT, OFFSET
  Result<std::unique_ptr<Select>> ParseSelect();
  Status SelectList(Select& select);
  Result<SelectItem> ParseSelectItem();
  Status StarModifiers(SelectItem& item);
  Result<GroupBy> ParseGroupBy();
  Result<GroupingSet> ParseGroupingSet();
  Result<FromPtr> ParseFrom();
  Result<FromPtr> JoinChain(FromPtr left);
  Result<FromPtr> FromPrimary();
  Result<FromPtr> UnnestItem();
  Status FromAlias(FromItem& item);
  Result<FromPtr> PivotItem(FromPtr input);
  Result<std::optional<JoinKind>> ParseJoinKind();

  // Pipe syntax (parse_pipe.cc)
  Result<QueryPtr> FromQuery();
  Result<QueryPtr> PipeOperators(QueryPtr query);
  Status PipeOperator(QueryPtr& query);
  Status PipeRowOperator(QueryPtr& query);
  Status PipeAggregate(QueryPtr& query);
  Status PipeSetOperation(QueryPtr& query);
  Status PipeAssert(QueryPtr& query);

  // Statements (parse_dml.cc, parse_ddl.cc)
  Result<std::unique_ptr<StatementSyntax>> Statement();
  Status ParseInsert(StatementSyntax& s);
  Status InsertBody(InsertRows& insert, bool merge);
  Status ParseUpdate(StatementSyntax& s);
  Result<std::vector<Assignment>> Assignments();
  Status ParseDelete(StatementSyntax& s);
  Status ParseMerge(StatementSyntax& s);
  Result<MergeArm> ParseMergeArm();
  Status ParseTruncate(StatementSyntax& s);
  Status ParseCreate(StatementSyntax& s);
  Status CreateTableRest(StatementSyntax& s);
  Status CreateViewRest(StatementSyntax& s);
  Status ColumnDefinitions(StatementSyntax& s);
  Status ColumnAttributes(ColumnDef& column);
  Status AsQuery(StatementSyntax& s);
  Status ParseDrop(StatementSyntax& s);
  Result<std::vector<std::pair<std::string, ExprPtr>>> OptionList();

  const std::string_view sql_;
  std::vector<Token> tokens_;
  std::vector<std::size_t> closing_;  // for each "(", the index of its ")", else 0
  std::size_t next_ = 0;
  std::size_t positional_ = 0;
  int depth_ = 0;
};

}  // namespace landfall::googlesql
