// From the syntax tree to DuckDB SQL: names, types, coercion and rendering in one pass over the
// tree.
//
// Every table, subquery and UNNEST of a FROM clause is a derived relation t<n>; computed columns
// carry ids c<n>. Both are unique in the statement, so that user names appear only where rows leave
// it and never collide. Because ids are unique and rendering is deterministic, two expressions mean
// the same exactly when their SQL is the same: that is how GROUP BY keys are recognised in a SELECT
// list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "googlesql/ast.h"
#include "googlesql/functions.h"
#include "googlesql/googlesql.h"
#include "googlesql/value.h"

namespace landfall::googlesql {

struct ScopeColumn {
  std::string name;
  Value value;
  std::optional<std::size_t>
      table;                // index into Resolver's scanned tables, for the list of read columns
  bool hidden = false;      // pseudo columns: by name only
  bool in_star = true;      // false: merged by USING, or the whole of a value table
  bool unqualified = true;  // false: only through its range variable
};

struct RangeVariable {
  std::string name;
  std::vector<std::size_t> columns;
  std::optional<Value> whole;  // a value table: the variable is the value
};

// What a grouped SELECT computes below its SELECT list.
struct Grouping {
  struct Item {
    std::string sql, id;
    Type type;
  };
  std::string table;  // t<n> of the aggregation
  std::vector<Item> keys, aggregates;
  bool complex_keys = false;  // some key is not a plain column
  bool sets = false;  // GROUPING SETS, ROLLUP or CUBE: columns are matched before expressions
  std::vector<std::string> natural_order;  // offsets of the UNNESTs, when FROM has nothing else
};

struct Scope {
  const Scope* parent = nullptr;
  std::vector<ScopeColumn> columns;
  std::vector<RangeVariable> variables;
  const Grouping* grouping = nullptr;  // set while the SELECT list above an aggregation is resolved
};

struct SelectAlias {
  std::string name;
  Value value;
  bool ambiguous = false;
};

// Where an expression stands.
struct Context {
  Scope* scope = nullptr;
  Grouping* aggregation = nullptr;  // aggregates go here; null: not allowed
  std::string_view clause = "this clause";
  std::string filter;  // of every aggregate, for PIVOT
  bool windows = false;
  const std::vector<SelectAlias>* aliases = nullptr;
  const std::vector<std::pair<std::string, std::unique_ptr<WindowSpec>>>* named_windows = nullptr;
};

struct PlanColumn {
  std::string name;  // empty: anonymous
  std::string id;
  Type type;
  Value::Literal literal = Value::Literal::kNone;
  std::string literal_text = {};
};

// A resolved query: `body` yields the ids; order, limit and final names come around it.
struct QueryPlan {
  std::string with, body;
  std::vector<PlanColumn> columns;
  std::vector<std::string> order;  // "c5 DESC NULLS LAST", columns of the body
  std::string limit;
  bool value_table = false;
  bool extra_columns = false;  // the body has more than `columns`
};

struct FromPlan {
  std::string sql;  // empty: no FROM
  std::vector<std::string> natural_order;
  bool only_unnest = true;
};

class Resolver {
 public:
  Resolver(const Catalog& catalog, const Options& options, std::string_view sql);
  Result<Statement> Run(const StatementSyntax& syntax);

 private:
  friend class SpecialForms;
  using Windows = std::vector<std::pair<std::string, std::unique_ptr<WindowSpec>>>;

  // resolver.cc
  std::string NextTable() { return "t" + std::to_string(++tables_); }
  std::string NextColumn() { return "c" + std::to_string(++columns_); }
  Status Error(std::uint32_t at, std::string_view message) const;
  Status Refuse(std::uint32_t at, std::string_view what) const;
  Status At(std::uint32_t at,
            const Status& status) const;  // adds the position to a Status without one
  Result<Statement> Finish(Statement statement);
  Result<TablePath> ToTablePath(const std::vector<std::string>& path, std::uint32_t at) const;
  Result<Relation> FindTable(const std::vector<std::string>& path, std::uint32_t at);
  Result<Value> CoerceAt(std::uint32_t at, Value value, const Type& to) const;
  Status ApplyQuery(const StatementSyntax& syntax);
  Result<std::string> OutputSql(const QueryPlan& plan, bool check_names);

  // resolve_name.cc
  Result<Value> ResolveName(const Expr& expr, const Context& context);
  Result<std::optional<Value>> LookUp(const std::vector<const Expr*>& path, const Context& context);
  Result<std::optional<Value>> LookUpIn(const Scope& scope, const std::vector<const Expr*>& path);
  Result<Value> FollowPath(Value value, const std::vector<const Expr*>& path, std::size_t from,
                           const Scope* scope, bool grouped);
  Result<Value> FieldOf(const Value& base, const std::string& name, std::uint32_t at) const;
  Result<Value> WholeRow(const Scope& scope, const RangeVariable& variable);
  Status UnknownName(const std::string& name, std::uint32_t at, const Context& context) const;
  void RecordColumn(const ScopeColumn& column);

  // resolve_expression.cc, resolve_predicate.cc
  Result<Value> Resolve(const Expr& expr, const Context& context);
  Result<Value> ResolveKind(const Expr& expr, const Context& context);
  std::optional<Value> MatchGroupKey(const Expr& expr, const Context& context);
  Result<Value> Literal(const Expr& expr);
  Result<Value> ResolveParameter(const Expr& expr);
  Result<Value> ResolveInterval(const Expr& expr, const Context& context);
  Result<Value> ResolveIndex(const Expr& expr, const Context& context);
  Result<Value> ResolveUnary(const Expr& expr, const Context& context);
  Result<Value> ResolveBinary(const Expr& expr, const Context& context);
  Result<Value> Arithmetic(const Expr& expr, Value left, Value right);
  Result<std::optional<Value>> DateArithmetic(const Expr& expr, const Value& left,
                                              const Value& right);
  Result<Value> ResolveConcat(const Expr& expr, std::vector<Value> values, std::string_view name);
  Result<Value> ResolveLogic(const Expr& expr, const Context& context);
  Result<Value> ResolveCompare(const Expr& expr, const Context& context);
  Result<Value> Compare(std::uint32_t at, const std::string& op, Value left, Value right);
  Result<Value> ResolveBetween(const Expr& expr, const Context& context);
  Result<Value> ResolveIn(const Expr& expr, const Context& context);
  Result<Value> ResolveInQuery(const Expr& expr, const Context& context);
  Result<Value> ResolveInUnnest(const Expr& expr, const Context& context);
  Result<Value> ResolveLike(const Expr& expr, const Context& context);
  Result<Value> ResolveIs(const Expr& expr, const Context& context);
  Result<Value> ResolveCase(const Expr& expr, const Context& context);
  Result<Value> ResolveCast(const Expr& expr, const Context& context);
  Result<Value> ResolveStruct(const Expr& expr, const Context& context);
  Result<Value> ResolveArray(const Expr& expr, const Context& context);
  Result<Value> ResolveSubquery(const Expr& expr, const Context& context);
  Result<Value> ResolveBool(const Expr& expr, const Context& context, std::string_view what);
  Result<std::vector<Value>> ResolveAll(const std::vector<ExprPtr>& exprs, const Context& context);
  // Brings all to one type; `what` names the construct in the error.
  Result<Type> Unify(std::uint32_t at, std::vector<Value>& values, std::string_view what);
  Status NoSignature(std::uint32_t at, std::string_view what,
                     const std::vector<Value>& arguments) const;

  // resolve_call.cc, resolve_aggregate.cc
  Result<Value> ResolveCall(const Expr& expr, const Context& context);
  Result<Value> ScalarCall(const Expr& expr, const std::string& name, bool safe,
                           std::vector<Value> arguments);
  Result<Value> AggregateCall(const Expr& expr, const std::string& name, const Context& context);
  Result<Value> PlaceAggregate(std::string sql, Type type, const Context& context);
  Result<std::string> OverClause(const WindowSpec& window, const Context& context);
  Result<std::string> FrameClause(const WindowFrame& frame, const WindowSpec& window,
                                  const Context& context);
  Result<std::string> OrderKeys(const std::vector<OrderItem>& items, const Context& context,
                                bool single_key, bool range_offsets = false);
  std::string OrderKey(const Value& value, bool descending, SortNulls nulls, bool nan_first) const;
  Result<std::string> QuantileList(const Expr& count) const;
  Result<Value> CollectArray(QueryPlan plan);

  // resolve_query.cc, resolve_select.cc
  Result<QueryPlan> ResolveQuery(const Query& query, const Scope* outer,
                                 bool natural_order = false);
  Result<QueryPlan> ResolveBody(const Query& query, const Scope* outer, bool natural_order);
  Result<QueryPlan> ResolveSelect(const Query& query, const Scope* outer, bool natural_order);
  Result<QueryPlan> ResolveSet(const SetOperation& set, const Scope* outer);
  Result<std::string> ResolveWith(const Query& query, const Scope* outer);
  Result<std::string> ResolveRecursive(const CommonTable& table, const Scope* outer);
  Result<std::string> UniteBranches(const std::string& op, std::vector<QueryPlan>& branches,
                                    std::uint32_t at, std::vector<PlanColumn>& columns);
  Status OrderOutput(QueryPlan& plan, const std::vector<OrderItem>& items, const Scope* outer);
  Status Limit(QueryPlan& plan, const Query& query);
  std::string Text(const QueryPlan& plan);
  std::string Text(const QueryPlan& plan, const std::vector<std::string>& names);
  void Seal(QueryPlan& plan);  // order and limit go into the body

  friend class SelectResolver;
  friend class AggregateResolver;

  // resolve_from.cc
  Result<FromPlan> ResolveFrom(const FromItem& item, Scope& scope);
  Result<FromPlan> ResolveTable(const FromItem& item, Scope& scope);
  Result<FromPlan> ScanTable(const FromItem& item, Scope& scope);
  Result<FromPlan> ScanView(const FromItem& item, const Relation& relation, Scope& scope);
  Result<FromPlan> ScanPlan(const QueryPlan& plan, const std::string& alias, Scope& scope,
                            const std::string& sql);
  Result<FromPlan> ResolveUnnest(const FromItem& item, Value array, const std::string& alias,
                                 Scope& scope);
  Result<FromPlan> ResolvePivot(const FromItem& item, Scope& scope);  // resolve_pivot.cc
  Result<FromPlan> ResolveJoin(const FromItem& item, Scope& scope);
  Result<std::string> JoinUsing(const FromItem& item, Scope& scope, std::size_t first_left,
                                std::size_t first_right);
  std::string BindRelation(const Relation& relation, const std::string& alias, Scope& scope);
  void AddValueTable(const std::string& alias, const Value& value, Scope& scope);

  // resolve_dml.cc
  Status ResolveInsert(const StatementSyntax& s);
  Result<std::string> InsertSource(const InsertRows& insert,
                                   const std::vector<const Column*>& columns, std::uint32_t at);
  Result<std::vector<const Column*>> InsertColumns(const InsertRows& insert, const Relation& target,
                                                   std::uint32_t at);
  Status ResolveUpdate(const StatementSyntax& s);
  Result<std::string> SetClause(const std::vector<Assignment>& assignments, const Relation& target,
                                const Context& context, const Scope& target_scope);
  Status ResolveDelete(const StatementSyntax& s);
  Status ResolveMerge(const StatementSyntax& s);
  Result<std::string> ResolveMergeArm(const MergeArm& arm, const Relation& target,
                                      const Context& context, const Context& source_context);
  Result<Value> ForColumn(std::uint32_t at, Value value, const Column& column);
  Result<Relation> WritableTarget(const StatementSyntax& s);

  // resolve_ddl.cc
  Status ResolveDdl(const StatementSyntax& s);
  Status ResolveCreateTable(const StatementSyntax& s);
  Status ResolveCreateView(const StatementSyntax& s);
  Result<PartitionBy> ResolvePartition(const Expr& expr, const std::vector<ColumnDef>& columns);
  Result<PartitionBy> IntegerPartition(const Expr& call);
  Result<Option> ResolveOption(const std::string& name, const Expr& value);

  struct ScannedTable {
    TablePath path;
    std::string partition_column;
    bool require_filter = false, filtered = false;
    std::uint32_t at = 0;
  };
  struct NamedQuery {
    std::string name, id;
    std::vector<PlanColumn> columns;
    bool value_table = false;
  };

  const Catalog& catalog_;
  const Options& options_;
  std::string_view sql_;
  Dialect dialect_;
  Statement out_;
  std::vector<NamedQuery> named_;  // CTEs in scope, innermost last
  std::vector<ScannedTable> scanned_;
  std::vector<std::string> views_;  // being expanded, against cycles
  bool in_where_ = false;           // column reads count as partition filters
  int tables_ = 0, columns_ = 0;
};

// DATE_ADD, EXTRACT, IF and the others whose arguments are not all plain values; null when `name`
// is not one.
using SpecialForm = Result<Value> (*)(Resolver&, const Expr&, const Context&, bool safe);
SpecialForm FindSpecialForm(std::string_view name);

}  // namespace landfall::googlesql
