// How long one statement takes to translate; the aim is a median under 0.3 ms.
#include <benchmark/benchmark.h>

#include "googlesql/googlesql.h"

namespace landfall::googlesql {
namespace {

class Wide final : public Catalog {
 public:
  Result<std::optional<Relation>> Find(const TablePath& path) const override {
    Relation r;
    r.path = path;
    r.physical = QuoteIdentifier(path.table);
    for (int i = 0; i < 30; ++i) {
      const std::string name = "c" + std::to_string(i);
      r.columns.push_back(Column{.name = name, .type = Type{}, .physical = QuoteIdentifier(name)});
    }
    return std::optional<Relation>(r);
  }
};

void Translate(benchmark::State& state, std::string_view sql) {
  const Wide catalog;
  Options options;
  options.default_project = "p";
  options.default_dataset = "d";
  for (auto _ : state) {
    const auto statement = Analyze(sql, catalog, options);
    CHECK_OK(statement);
    benchmark::DoNotOptimize(statement->duckdb_sql.data());
  }
}

BENCHMARK_CAPTURE(Translate, literal, "SELECT 1");
BENCHMARK_CAPTURE(Translate, star, "SELECT * FROM t WHERE c1 > 5 ORDER BY c2 LIMIT 10");
BENCHMARK_CAPTURE(
    Translate, report,
    "WITH x AS (SELECT c1 AS k, SUM(c2) AS total, COUNT(*) AS n FROM t WHERE c3 BETWEEN 1 AND 9 "
    "GROUP BY k) "
    "SELECT x.k, x.total / x.n AS mean, ROW_NUMBER() OVER (PARTITION BY x.k ORDER BY total DESC) "
    "AS place, "
    "CASE WHEN x.n > 10 THEN 'many' WHEN x.n > 1 THEN 'some' ELSE 'one' END AS label "
    "FROM x JOIN t AS y ON x.k = y.c1 LEFT JOIN UNNEST([1, 2, 3]) AS e ON e = y.c4 "
    "WHERE EXISTS (SELECT 1 FROM u WHERE u.c5 = x.k) QUALIFY place <= 3 ORDER BY mean DESC, 1");

}  // namespace
}  // namespace landfall::googlesql
