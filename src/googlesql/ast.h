// The syntax tree: what the text says, before names and types are known. Every node carries its
// byte offset.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "googlesql/googlesql.h"
#include "googlesql/types.h"

namespace landfall::googlesql {

struct Expr;
struct Query;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;

enum class ExprKind : std::uint8_t {
  kNull,
  kBool,     // text: TRUE or FALSE
  kInteger,  // text: digits
  kFloat,
  kString,  // text: decoded
  kBytes,
  kTypedLiteral,  // type + text: DATE '2020-01-02'
  kInterval,      // INTERVAL args[0] names[0] [TO names[1]]
  kParameter,     // text: name, or empty with `ordinal`
  kSystemVariable,
  kName,     // text: one identifier
  kField,    // args[0] . text
  kIndex,    // args[0] [ args[1] ]; text: "", OFFSET, ORDINAL, SAFE_OFFSET, SAFE_ORDINAL
  kUnary,    // text: - + ~
  kBinary,   // text: an arithmetic, bit or concatenation operator
  kCompare,  // text: = != < <= > >=
  kAnd,      // any number of args
  kOr,
  kNot,
  kBetween,       // args[0] [NOT] BETWEEN args[1] AND args[2]
  kIn,            // args[0] [NOT] IN (args[1..]) | query | UNNEST(args[1]) when text is UNNEST
  kLike,          // args[0] [NOT] LIKE args[1]; text: "", ANY, ALL for quantified lists
  kIs,            // args[0] IS [NOT] text: NULL TRUE FALSE UNKNOWN
  kDistinctFrom,  // args[0] IS [NOT] DISTINCT FROM args[1]
  kCase,          // CASE [args[0] when `flag`] then pairs, an odd last one is ELSE
  kCast,          // CAST(args[0] AS type); `flag`: SAFE_CAST
  kExtract,       // EXTRACT(names[0] FROM args[0] [AT TIME ZONE args[1]])
  kCall,          // names: function path; call: the modifiers
  kStruct,        // STRUCT(args AS names) or (a, b); type when STRUCT<..>
  kArray,         // [args] or ARRAY<..>[args]
  kSubquery,      // scalar
  kArraySubquery,
  kExists,
  kStar,  // only as an argument of COUNT
};

enum class SortNulls : std::uint8_t { kDefault, kFirst, kLast };
struct OrderItem {
  ExprPtr expr;
  bool descending = false;
  SortNulls nulls = SortNulls::kDefault;
};

struct WindowFrame {
  bool rows = true;  // false: RANGE
  std::string start,
      end;  // UNBOUNDED PRECEDING, CURRENT ROW, "PRECEDING", "FOLLOWING", UNBOUNDED FOLLOWING
  ExprPtr start_offset, end_offset;
};
struct WindowSpec {
  std::string base;  // name of a WINDOW clause entry, may be empty
  std::vector<ExprPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<WindowFrame> frame;
  std::uint32_t at = 0;
};

struct CallModifiers {
  bool distinct = false;
  std::string nulls;   // "", IGNORE, RESPECT
  std::string having;  // "", MAX, MIN
  ExprPtr having_expr;
  ExprPtr where;  // not BigQuery; kept to refuse by name
  std::vector<OrderItem> order_by;
  ExprPtr limit;
  std::unique_ptr<WindowSpec> over;
  std::vector<std::pair<std::string, ExprPtr>> named;  // name => value
};

struct Expr {
  ExprKind kind = ExprKind::kNull;
  std::uint32_t at = 0;
  std::string text;
  bool flag = false;    // see the kinds; `negated` for the predicates
  bool quoted = false;  // kName from backquotes
  bool parenthesized = false;
  int depth = 1;
  std::size_t ordinal = 0;  // of a positional parameter
  std::vector<ExprPtr> args;
  std::vector<std::string> names;
  std::optional<Type> type;
  QueryPtr query;
  std::unique_ptr<CallModifiers> call;
};

struct SelectItem {
  enum class Kind : std::uint8_t { kExpr, kStar, kDotStar } kind = Kind::kExpr;
  ExprPtr expr;  // kExpr, kDotStar
  std::string alias;
  std::uint32_t at = 0;
  std::vector<std::string> except;
  std::vector<std::pair<ExprPtr, std::string>> replace;
  std::vector<std::pair<std::string, std::string>> rename;  // pipe RENAME
};

enum class JoinKind : std::uint8_t { kComma, kCross, kInner, kLeft, kRight, kFull };

struct FromItem {
  enum class Kind : std::uint8_t { kTable, kSubquery, kUnnest, kJoin, kPivot } kind = Kind::kTable;
  std::uint32_t at = 0;
  std::vector<std::string> path;  // kTable; may turn out to be an array path of an earlier item
  QueryPtr query;
  ExprPtr unnest;
  std::string alias;
  bool with_offset = false;
  std::string offset_alias;
  JoinKind join = JoinKind::kComma;
  std::unique_ptr<FromItem> left, right;
  ExprPtr on;
  std::vector<std::string> using_columns;
  std::vector<SelectItem> pivot_aggregates, pivot_values;  // kPivot, over `left`
  ExprPtr pivot_for;
  int depth = 1;
};
using FromPtr = std::unique_ptr<FromItem>;

struct GroupingSet {
  enum class Kind : std::uint8_t { kExpr, kRollup, kCube, kSet } kind = Kind::kExpr;
  std::vector<std::vector<ExprPtr>> items;  // kExpr: one item with one expression
};

struct GroupBy {
  bool all = false;
  bool grouping_sets = false;  // GROUPING SETS (sets...)
  std::vector<GroupingSet> sets;
  std::uint32_t at = 0;
};

struct Select {
  enum class As : std::uint8_t { kRow, kStruct, kValue } as = As::kRow;
  bool distinct = false;
  std::vector<SelectItem> items;
  FromPtr from;
  ExprPtr where;
  std::optional<GroupBy> group_by;
  ExprPtr having, qualify;
  std::vector<std::pair<std::string, std::unique_ptr<WindowSpec>>> windows;
  std::uint32_t at = 0;
};

struct SetOperation {
  std::string op;  // "UNION ALL", "UNION", "INTERSECT", "EXCEPT" (the last three DISTINCT)
  std::vector<QueryPtr> inputs;
};

struct CommonTable {
  std::string name;
  QueryPtr query;
  std::uint32_t at = 0;
};

// [WITH ..] body [ORDER BY ..] [LIMIT ..]; the body is exactly one of the three.
struct Query {
  bool recursive = false;
  std::vector<CommonTable> with;
  std::unique_ptr<Select> select;
  std::unique_ptr<SetOperation> set;
  QueryPtr nested;  // a parenthesised query
  std::vector<OrderItem> order_by;
  ExprPtr limit, offset;
  std::uint32_t at = 0, end = 0;
  int depth = 1;
};

struct Assignment {
  std::vector<std::string> path;
  ExprPtr value;  // null: DEFAULT
  std::uint32_t at = 0;
};

struct InsertRows {
  std::vector<std::string> columns;
  bool all_columns = false;                // INSERT ROW of MERGE
  std::vector<std::vector<ExprPtr>> rows;  // null: DEFAULT
  QueryPtr query;
};

struct MergeArm {
  enum class When : std::uint8_t {
    kMatched,
    kNotMatchedByTarget,
    kNotMatchedBySource
  } when = When::kMatched;
  ExprPtr condition;
  enum class Action : std::uint8_t { kInsert, kUpdate, kDelete } action = Action::kInsert;
  InsertRows insert;
  std::vector<Assignment> update;
  std::uint32_t at = 0;
};

struct StatementSyntax {
  StatementKind kind = StatementKind::kSelect;
  std::uint32_t at = 0;
  QueryPtr query;
  std::vector<std::string> target;
  std::uint32_t target_at = 0;
  std::string target_alias;
  InsertRows insert;
  std::vector<Assignment> update;
  FromPtr from;   // UPDATE .. FROM, MERGE .. USING
  ExprPtr where;  // also ON of MERGE
  std::vector<MergeArm> arms;
  bool or_replace = false, if_not_exists = false, if_exists = false, cascade = false;
  std::vector<ColumnDef> columns;
  std::vector<std::string> view_columns;
  ExprPtr partition_by;
  std::vector<ExprPtr> cluster_by;
  std::vector<std::pair<std::string, ExprPtr>> options;
  std::uint32_t query_begin = 0, query_end = 0;
};

}  // namespace landfall::googlesql
