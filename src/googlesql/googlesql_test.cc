#include "googlesql/googlesql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace landfall::googlesql {
namespace {

Type Scalar(TypeKind kind) { return Type{kind, {}, nullptr}; }

// p.d.t and p.d.u, a partitioned p.d.events, a view p.d.v.
class TestCatalog final : public Catalog {
 public:
  Result<std::optional<Relation>> Find(const TablePath& path) const override {
    Relation r;
    r.path = path;
    r.physical = "m." + QuoteIdentifier(path.table);
    const auto add = [&](const char* name, Type type) -> Column& {
      r.columns.push_back(
          Column{.name = name, .type = std::move(type), .physical = QuoteIdentifier(name)});
      return r.columns.back();
    };
    if (path.table == "t" || path.table == "u") {
      add("a", Scalar(TypeKind::kInt64));
      add("b", Scalar(TypeKind::kString));
      add("f", Scalar(TypeKind::kFloat64));
      add("s", Type{TypeKind::kStruct, {{"x", Scalar(TypeKind::kInt64)}}, nullptr});
      add("r", ArrayOf(Scalar(TypeKind::kInt64)));
      add("_PARTITIONTIME", Scalar(TypeKind::kTimestamp)).hidden = true;
      return std::optional<Relation>(r);
    }
    if (path.table == "events") {
      add("day", Scalar(TypeKind::kDate)).required = true;
      add("n", Scalar(TypeKind::kInt64));
      r.require_partition_filter = true;
      r.partition_column = "day";
      return std::optional<Relation>(r);
    }
    if (path.table == "v") {
      r.view_sql = "SELECT a AS n, b FROM d.t WHERE a > 1";
      return std::optional<Relation>(r);
    }
    return std::optional<Relation>{};
  }
};

Result<Statement> Translated(std::string_view sql, Options options = {}) {
  options.default_project = "p";
  options.default_dataset = "d";
  return Analyze(sql, TestCatalog(), options);
}

std::string ErrorOf(std::string_view sql) {
  const auto statement = Translated(sql);
  return statement.ok() ? "accepted: " + statement->duckdb_sql : statement.status().message();
}

std::string ColumnsOf(std::string_view sql) {
  const auto statement = Translated(sql);
  if (!statement.ok()) return statement.status().message();
  std::string all;
  for (const OutputColumn& c : statement->columns)
    all += (all.empty() ? "" : ", ") + c.name + " " + TypeName(c.type);
  return all;
}

TEST(Analyze, GivesOutputNamesAndTypes) {
  struct Case {
    std::string_view sql, columns;
  };
  const Case cases[] = {
      {"SELECT 1, 'x' AS y, 1.5", "f0_ INT64, y STRING, f1_ FLOAT64"},
      {"SELECT * FROM t", "a INT64, b STRING, f FLOAT64, s STRUCT<x INT64>, r ARRAY<INT64>"},
      {"SELECT * EXCEPT (s, r, f) REPLACE (a / 2 AS a) FROM t", "a FLOAT64, b STRING"},
      {"SELECT x.s.x, x.s.* FROM t AS x WHERE FALSE",
       "Duplicate column names in the result are not supported. Found duplicate(s): x"},
      {"SELECT _PARTITIONTIME AS pt FROM t", "pt TIMESTAMP"},
      {"SELECT a, COUNT(*) AS n, SUM(f) AS f FROM t GROUP BY a HAVING n > 1",
       "a INT64, n INT64, f FLOAT64"},
      {"SELECT e, o FROM t, t.r AS e WITH OFFSET AS o", "e INT64, o INT64"},
      {"SELECT ARRAY(SELECT AS STRUCT 1 AS i, 'k' AS k) AS z",
       "z ARRAY<STRUCT<i INT64, k STRING>>"},
      {"SELECT 1 AS c UNION ALL SELECT 2.5", "c FLOAT64"},
      {"SELECT DATE '2020-02-29' + 1 AS d, DATE_DIFF(DATE '2020-01-02', '2020-01-01', DAY) AS n",
       "d DATE, n INT64"},
      {"WITH w AS (SELECT a FROM t) SELECT * FROM w JOIN w AS x USING (a)", "a INT64"},
      {"SELECT IF(TRUE, 1, NULL) AS i, COALESCE(NULL, 'x') AS s, CAST('1' AS NUMERIC) * 2 AS n",
       "i INT64, s STRING, n NUMERIC"},
      {"SELECT n FROM v", "n INT64"},
      {"FROM t |> WHERE a > 1 |> AGGREGATE SUM(f) AS total GROUP BY b", "b STRING, total FLOAT64"},
      {"SELECT x, ARRAY_AGG(x) AS all_x FROM UNNEST([]) AS x GROUP BY x",
       "x INT64, all_x ARRAY<INT64>"},
      {"SELECT NULL AS n, [] AS e", "n INT64, e ARRAY<INT64>"},
  };
  for (const Case& c : cases) EXPECT_EQ(ColumnsOf(c.sql), c.columns) << c.sql;
}

TEST(Analyze, WordsErrorsAsBigQueryDoes) {
  struct Case {
    std::string_view sql, message;
  };
  const Case cases[] = {
      {"SELECT (1 FROM t", "Syntax error: Expected \")\" but got keyword FROM at [1:11]"},
      {"SELECT aa FROM t", "Unrecognized name: aa; Did you mean a? at [1:8]"},
      {"SELECT 1 = 'x'",
       "No matching signature for operator = for argument types: INT64, STRING at [1:10]"},
      {"SELECT ABS('x')",
       "No matching signature for function ABS for argument type: STRING at [1:8]"},
      {"SELECT nosuch(1)", "Function not found: NOSUCH at [1:8]"},
      {"SELECT a FROM t GROUP BY b",
       "SELECT list expression references column a which is neither grouped nor aggregated at "
       "[1:8]"},
      {"SELECT a FROM t WHERE SUM(a) > 1",
       "Aggregate function SUM not allowed in WHERE clause at [1:23]"},
      {"SELECT a FROM t, u", "Column name a is ambiguous at [1:8]"},
      {"SELECT 1 FROM nosuch", "Not found: Table p:d.nosuch was not found in location US"},
      {"SELECT DATE '2020-13-01'", "Invalid DATE value at [1:8]"},
      {"SELECT 1 UNION ALL SELECT 1, 2",
       "Queries in UNION ALL have mismatched column count; query 1 has 1 column, query 2 has 2 "
       "columns at [1:1]"},
      {"SELECT 1 AS x, 2 AS X",
       "Duplicate column names in the result are not supported. Found duplicate(s): X"},
      {"SELECT n FROM events",
       "Cannot query over table 'p.d.events' without a filter over column(s) 'day' that can be "
       "used for partition elimination"},
      {"DELETE FROM t", "DELETE must have a WHERE clause at [1:1]"},
      {"UPDATE t SET a = 1", "UPDATE must have a WHERE clause at [1:1]"},
      {"INSERT INTO t (a) VALUES ('x')",
       "Value has type STRING which cannot be inserted into column a, which has type INT64 at "
       "[1:27]"},
      {"SELECT 1 LIMIT -1", "LIMIT expects a non-negative integer literal or parameter at [1:16]"},
      {"SELECT @nope", "Query parameter 'nope' not found at [1:8]"},
  };
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.sql), c.message) << c.sql;
}

TEST(Analyze, RefusesByName) {
  struct Case {
    std::string_view sql, message;
  };
  const Case cases[] = {
      {"CREATE FUNCTION f() AS (1)", "CREATE FUNCTION is not supported at [1:1]"},
      {"DECLARE x INT64", "Statement DECLARE (scripting) is not supported at [1:1]"},
      {"SELECT 1; SELECT 2", "scripts are not supported"},
      {"SELECT * FROM t UNPIVOT(x FOR y IN (a))", "UNPIVOT is not supported at [1:17]"},
      {"SELECT ST_GEOGPOINT(1, 2)", "Function ST_GEOGPOINT is not supported at [1:8]"},
      {"SELECT BIGNUMERIC '1'", "Type BIGNUMERIC is not supported at [1:8]"},
      {"CREATE TABLE x (a STRING(5))", "Parameterized type STRING is not supported at [1:25]"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ErrorOf(c.sql), c.message) << c.sql;
    EXPECT_EQ(Translated(c.sql).status().code(), Code::kUnimplemented) << c.sql;
  }
}

TEST(Analyze, RendersExpressions) {
  struct Case {
    std::string_view sql, duckdb;
  };
  const Case cases[] = {
      {"1 + 2 * 3", "(1::BIGINT + (2::BIGINT * 3::BIGINT))"},
      {"-9223372036854775808", "CAST('-9223372036854775808' AS BIGINT)"},
      {"0x1F", "31::BIGINT"},
      {"'it''s' 'x'", "'itsx'"},
      {"\"it's\"", "'it''s'"},
      {"b'\\x00a'", "CAST('\\x00\\x61' AS BLOB)"},
      {"TIMESTAMP '2020-01-02 03:04:05+05:30'", "CAST('2020-01-02 03:04:05+05:30' AS TIMESTAMPTZ)"},
      {"NOT TRUE AND FALSE OR NULL", "(((NOT TRUE) AND FALSE) OR CAST(NULL AS BOOLEAN))"},
      {"'a' LIKE 'b%'", "(('a' LIKE 'b%' ESCAPE '\\'))"},
      {"1 BETWEEN 0 AND 2", "((1::BIGINT >= 0::BIGINT) AND (1::BIGINT <= 2::BIGINT))"},
      {"1 IN (1, 2)", "(1::BIGINT IN (1::BIGINT, 2::BIGINT))"},
      {"NULL IS TRUE", "(CAST(NULL AS BOOLEAN) IS NOT DISTINCT FROM TRUE)"},
  };
  for (const Case& c : cases) {
    const auto statement = Translated("SELECT " + std::string(c.sql));
    ASSERT_TRUE(statement.ok()) << c.sql << ": " << statement.status().ToString();
    EXPECT_EQ(statement->duckdb_sql,
              "SELECT c1 AS \"f0_\" FROM (SELECT " + std::string(c.duckdb) + " AS c1) AS t1")
        << c.sql;
  }
}

TEST(Analyze, ReadsTablesAndColumns) {
  const auto statement =
      Translated("SELECT x.a FROM `p.d`.t AS x JOIN my-proj-1.d.u AS y ON x.a = y.s.x");
  ASSERT_TRUE(statement.ok()) << statement.status().ToString();
  EXPECT_THAT(statement->referenced_tables,
              testing::ElementsAre(TablePath{"p", "d", "t"}, TablePath{"my-proj-1", "d", "u"}));
  EXPECT_THAT(statement->referenced_columns,
              testing::UnorderedElementsAre(testing::Pair(TablePath{"p", "d", "t"}, "a"),
                                            testing::Pair(TablePath{"my-proj-1", "d", "u"}, "s")));
}

TEST(Analyze, NumbersParametersByFirstUse) {
  Options options;
  options.parameters = {Parameter{"x", Scalar(TypeKind::kInt64)},
                        Parameter{"y", ArrayOf(Scalar(TypeKind::kString))}};
  const auto statement =
      Translated("SELECT a FROM t WHERE b IN UNNEST(@y) AND a = @x AND a < @x", options);
  ASSERT_TRUE(statement.ok()) << statement.status().ToString();
  EXPECT_THAT(statement->parameter_order, testing::ElementsAre(1, 0));
  EXPECT_THAT(statement->duckdb_sql, testing::HasSubstr("CAST($2 AS BIGINT)"));
}

TEST(Dml, WritesColumnsAndGuards) {
  const auto insert = Translated("INSERT INTO t (a, f) VALUES (1, 2), (DEFAULT, NULL)");
  ASSERT_TRUE(insert.ok()) << insert.status().ToString();
  EXPECT_EQ(insert->duckdb_sql,
            "INSERT INTO m.\"t\" (\"a\", \"f\") VALUES (1::BIGINT, CAST('2' AS DOUBLE)), "
            "(CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE))");
  const auto update = Translated("UPDATE t SET s.x = u.a FROM u WHERE t.a = u.a");
  ASSERT_TRUE(update.ok()) << update.status().ToString();
  ASSERT_EQ(update->guards.size(), 1u);
  EXPECT_EQ(update->guards[0].error,
            "UPDATE/MERGE must match at most one source row for each target row");
  EXPECT_THAT(update->duckdb_sql, testing::HasSubstr("struct_update"));
  const auto merge = Translated(
      "MERGE t USING (SELECT 1 AS k) AS q ON t.a = q.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED "
      "THEN INSERT (a) VALUES (k)");
  ASSERT_TRUE(merge.ok()) << merge.status().ToString();
  EXPECT_THAT(merge->duckdb_sql, testing::EndsWith("RETURNING merge_action"));
  EXPECT_EQ(merge->guards.size(), 1u);
}

TEST(Ddl, DescribesTheTable) {
  const auto s = Translated(
      "CREATE OR REPLACE TABLE d.n (ts TIMESTAMP NOT NULL, k STRING OPTIONS(description='key'),) "
      "PARTITION BY TIMESTAMP_TRUNC(ts, HOUR) CLUSTER BY k OPTIONS(require_partition_filter=TRUE, "
      "labels=[('a','b')])");
  ASSERT_TRUE(s.ok()) << s.status().ToString();
  EXPECT_EQ(s->kind, StatementKind::kCreateTable);
  EXPECT_TRUE(s->create_table.or_replace);
  ASSERT_EQ(s->create_table.columns.size(), 2u);
  EXPECT_TRUE(s->create_table.columns[0].required);
  EXPECT_EQ(s->create_table.columns[1].description, "key");
  EXPECT_EQ(s->create_table.partition_by->type, "HOUR");
  EXPECT_EQ(s->create_table.partition_by->column, "ts");
  EXPECT_THAT(s->create_table.cluster_by, testing::ElementsAre("k"));
  EXPECT_EQ(s->create_table.options.size(), 2u);
  const auto buckets = Translated(
      "CREATE TABLE n (k INT64) PARTITION BY RANGE_BUCKET(k, GENERATE_ARRAY(0, 100, 10))");
  ASSERT_TRUE(buckets.ok()) << buckets.status().ToString();
  EXPECT_EQ(buckets->create_table.partition_by->range_interval, 10);
  const auto view = Translated("CREATE VIEW d.w AS SELECT a FROM t ;");
  ASSERT_TRUE(view.ok()) << view.status().ToString();
  EXPECT_EQ(view->create_view.query_sql, "SELECT a FROM t");
}

TEST(Analyze, BoundsNesting) {
  const std::string open(100000, '(');
  EXPECT_THAT(ErrorOf("SELECT " + open), testing::StartsWith("Query is too complex"));
  std::string sum = "SELECT 1";
  for (int i = 0; i < 5000; ++i) sum += " + 1";
  EXPECT_THAT(ErrorOf(sum), testing::StartsWith("Query is too complex"));
  std::string any = "SELECT FALSE";
  for (int i = 0; i < 5000; ++i) any += " OR FALSE";  // one flat node
  EXPECT_TRUE(Translated(any).ok());
  std::string queries = "SELECT 1";
  for (int i = 0; i < 400; ++i) queries = "SELECT * FROM (" + queries + ")";
  EXPECT_THAT(ErrorOf(queries), testing::StartsWith("Query is too complex"));
}

TEST(Types, HaveDuckDbNames) {
  const Type record{TypeKind::kStruct,
                    {{"a", Scalar(TypeKind::kInt64)}, {"", Scalar(TypeKind::kTimestamp)}},
                    nullptr};
  EXPECT_EQ(TypeName(ArrayOf(record)), "ARRAY<STRUCT<a INT64, TIMESTAMP>>");
  EXPECT_EQ(DuckDbType(ArrayOf(record)).value(),
            "STRUCT(\"a\" BIGINT, \"_field_2\" TIMESTAMP WITH TIME ZONE)[]");
  EXPECT_EQ(DuckDbType(Scalar(TypeKind::kGeography)).status().code(), Code::kUnimplemented);
  EXPECT_EQ(QuoteLiteral(std::string_view("a'\0b", 4)), "('a''' || chr(0) || 'b')");
  EXPECT_EQ(ParseTypeKind("integer").value(), TypeKind::kInt64);
}

}  // namespace
}  // namespace landfall::googlesql
