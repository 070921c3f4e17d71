// googlesql - GoogleSQL text in, DuckDB SQL and a typed description out. Pure: no I/O, no threads,
// no clock.
//
//   text -> lexer -> parser (AST with source ranges) -> resolver (names, types, coercion) ->
//   renderer
//
// There is one path and no text rewriting: every statement is parsed whole and resolved against a
// Catalog. What is not built yet is refused by name with its position (kUnimplemented: "PIVOT is
// not supported at [1:20]"). Errors of the user are kInvalidArgument/"invalidQuery", location
// "query", worded as BigQuery words them and ending in " at [l:c]":
//   Syntax error: Expected ")" but got keyword FROM at [1:20]
//   Unrecognized name: x; Did you mean y? at [1:8]
// A table that is not there is kNotFound: "Not found: Table p:d.t was not found in location US".
//
// Rendered SQL may raise through DuckDB's error('LF: text'): the caller strips everything up to
// "LF: " and answers invalidQuery with the rest ("division by zero: 1 / 0").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "googlesql/types.h"

namespace landfall::googlesql {

struct TablePath {
  std::string project, dataset,
      table;  // dataset "d.INFORMATION_SCHEMA" style paths keep every part between
  friend bool operator==(const TablePath&, const TablePath&) = default;
};
std::string ToString(const TablePath& path);  // "p:d.t"

// One column as the catalog tells it. Types are what a value has when read: a REPEATED field is an
// ARRAY.
struct Column {
  std::string name;
  Type type;
  std::string physical;  // DuckDB expression for it inside the relation, already quoted: "\"a\""
  bool required = false;
  bool hidden =
      false;  // reachable by name, not part of `*`: _PARTITIONTIME, _PARTITIONDATE, provenance
  bool writable = true;  // INSERT and UPDATE may name it
};

// What a path stands for.
struct Relation {
  TablePath path;
  std::string physical;  // DuckDB relation, quoted; or a parenthesised query for system views
  std::string view_sql;  // not empty: a view, GoogleSQL text resolved at use
  std::vector<Column> columns;  // empty for views
  bool writable = true;         // false for views, system tables, snapshots
  bool require_partition_filter = false;
  std::string
      partition_column;  // of a partitioned table, "_PARTITIONTIME" for ingestion time; else empty
};

class Catalog {
 public:
  virtual ~Catalog() = default;
  // nullopt: no such table (the dataset may be missing too; the Status then says which). Names are
  // case-sensitive.
  virtual Result<std::optional<Relation>> Find(const TablePath& path) const = 0;
};

struct Parameter {
  std::string name;  // empty: positional
  Type type;
};

struct Options {
  std::string default_project;
  std::string default_dataset;  // empty: unqualified names are errors, worded as BigQuery does
  std::string time_zone = "UTC";
  std::vector<Parameter> parameters;  // all named or all positional
};

struct OutputColumn {
  std::string name;  // f0_, f1_, ... when anonymous
  Type type;
};

// BigQuery's statementType words: SELECT, INSERT, UPDATE, DELETE, MERGE, TRUNCATE_TABLE,
// CREATE_TABLE, CREATE_TABLE_AS_SELECT, CREATE_VIEW, DROP_TABLE, DROP_VIEW, CREATE_SCHEMA,
// DROP_SCHEMA.
enum class StatementKind : std::uint8_t {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kTruncate,
  kCreateTable,
  kCreateTableAsSelect,
  kCreateView,
  kDropTable,
  kDropView,
  kCreateSchema,
  kDropSchema,
};
std::string_view StatementKindName(StatementKind kind);

// A column definition of CREATE TABLE.
struct ColumnDef {
  std::string name;
  Type type;
  bool required = false;
  std::string description;
};

// A literal of an OPTIONS list.
struct Option {
  std::string name;
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               std::vector<std::pair<std::string, std::string>>>
      value;  // monostate: NULL; pairs: labels
};

struct PartitionBy {
  std::string type;    // HOUR, DAY, MONTH, YEAR; "RANGE" for integer ranges
  std::string column;  // empty: ingestion time
  std::int64_t range_start = 0, range_end = 0, range_interval = 0;
};

struct CreateTable {
  bool or_replace = false, if_not_exists = false;
  std::vector<ColumnDef> columns;  // for AS SELECT: explicit ones, or taken from the query
  std::optional<PartitionBy> partition_by;
  std::vector<std::string> cluster_by;
  std::vector<Option> options;
};
struct CreateView {
  bool or_replace = false, if_not_exists = false;
  std::string query_sql;  // GoogleSQL text as written, to be stored
  std::vector<std::string> column_names;
  std::vector<Option> options;
};
struct Drop {
  bool if_exists = false;
  bool cascade = false;  // DROP SCHEMA
};

// A query that must return no row when run in the same transaction before the statement; else
// `error` is the answer.
struct Guard {
  std::string duckdb_sql;
  std::string error;  // "UPDATE/MERGE must match at most one source row for each target row"
};

struct Statement {
  StatementKind kind = StatementKind::kSelect;
  // SELECT and CREATE TABLE AS / VIEW: the query. DML: the statement (MERGE returns merge_action
  // per row; the others report their row count). Empty for other DDL: the caller carries it out
  // from the structs below.
  std::string duckdb_sql;
  std::vector<Guard> guards;
  std::vector<OutputColumn> columns;  // of the query
  // $k in the SQL is parameters[order[k-1]] of Options.
  std::vector<std::size_t> parameter_order;
  std::optional<TablePath> target;           // of DML and DDL; for schemas `table` is empty
  std::vector<TablePath> referenced_tables;  // read, through views too, without duplicates
  // (table, column) pairs the query reads: the bytes-processed estimate.
  std::vector<std::pair<TablePath, std::string>> referenced_columns;
  CreateTable create_table;
  CreateView create_view;
  Drop drop;
  bool ordered = false;  // the result has a total outer ORDER BY
};

// One statement, a trailing semicolon allowed. Several are refused: "scripts are not supported".
Result<Statement> Analyze(std::string_view sql, const Catalog& catalog, const Options& options);

// Run once per DuckDB connection: settings (null order, time zone, ...) and the macros rendered SQL
// uses.
std::string_view SessionSql();

}  // namespace landfall::googlesql
