// tabledata.insertAll at the warehouse: errors by row, insertIds, partitions, groups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "warehouse/testing.h"

namespace landfall::warehouse {
namespace {

using ::testing::ElementsAre;

class InsertAll : public ::testing::Test {
 protected:
  InsertAll() {
    warehouse_.MakeDataset();
    warehouse_.Run("CREATE TABLE d.t (id INT64 NOT NULL, name STRING, tags ARRAY<STRING>)");
  }
  // Each text is "insertId|json".
  InsertRequest Rows(const std::vector<std::string>& rows, const std::string& table = "t") {
    InsertRequest request;
    request.table = {"p", "d", table};
    for (const std::string& row : rows) {
      texts_.push_back(row + std::string(kInsertPaddingBytes, ' '));
      const std::string_view text = std::string_view(texts_.back()).substr(0, row.size());
      const std::size_t bar = text.find('|');
      request.rows.push_back({.insert_id = text.substr(0, bar), .json = text.substr(bar + 1)});
    }
    return request;
  }
  std::vector<InsertError> Insert(const InsertRequest& request) {
    auto errors = warehouse_->InsertAll(warehouse_.ctx, request);
    EXPECT_TRUE(errors.ok()) << errors.status().ToString();
    return errors.ok() ? *errors : std::vector<InsertError>();
  }
  std::string Ids(const std::string& table = "t") {
    return warehouse_.Ask("SELECT STRING_AGG(CAST(id AS STRING), ',' ORDER BY id) FROM d." + table);
  }
  static std::string Cell(const std::string& text) { return R"({"f":[{"v":")" + text + "\"}]}"; }

  TestWarehouse warehouse_;
  std::deque<std::string> texts_;
};

TEST_F(InsertAll, RowsAreThereAtOnceAndAfterARestart) {
  EXPECT_TRUE(Insert(Rows({R"(|{"id":1,"name":"a","tags":["x","y"]})", R"(|{"id":"2"})"})).empty());
  EXPECT_EQ(Ids(), Cell("1,2"));
  warehouse_.Reopen();
  EXPECT_EQ(warehouse_.Ask("SELECT name, ARRAY_LENGTH(tags) FROM d.t WHERE id = 1"),
            R"({"f":[{"v":"a"},{"v":"2"}]})");
}

struct BadRowCase {
  std::string json, location, message;
};
class InsertAllErrors : public InsertAll, public ::testing::WithParamInterface<BadRowCase> {};

TEST_P(InsertAllErrors, NameTheFieldAndStopTheOthers) {
  const std::vector<InsertError> errors =
      Insert(Rows({R"(|{"id":1})", "|" + GetParam().json, R"(|{"id":3})"}));
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].errors[0].reason, "stopped");
  EXPECT_EQ(errors[2].errors[0].reason, "stopped");
  EXPECT_EQ(errors[1].index, 1u);
  EXPECT_EQ(errors[1].errors[0].reason, "invalid");
  EXPECT_EQ(errors[1].errors[0].location, GetParam().location);
  EXPECT_EQ(errors[1].errors[0].message, GetParam().message);
  EXPECT_EQ(warehouse_.Ask("SELECT COUNT(*) FROM d.t"), Cell("0"));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, InsertAllErrors,
    ::testing::Values(
        BadRowCase{R"({"id":"abc"})", "id", "Cannot convert value to integer (bad value): abc"},
        BadRowCase{R"({"id":2,"x":1})", "x", "no such field: x."},
        BadRowCase{R"({"name":"b"})", "id", "Missing required field: id."},
        BadRowCase{R"({"id":null})", "id", "Missing required field: id."},
        BadRowCase{R"({"id":2,"name":{"a":1}})", "name",
                   "This field: name is not a record or an array."},
        BadRowCase{R"({"id":2,"tags":"x"})", "tags",
                   "Repeated field must be imported as a JSON array. Field: tags."},
        BadRowCase{R"({"id":2,"tags":[null]})", "tags[0]",
                   "Only optional fields can be set to NULL. Field: tags[0]; Value: NULL"},
        BadRowCase{R"({"id":2,"id":3})", "id", "Field specified more than once: id."}));

TEST_F(InsertAll, SkipInvalidRowsInsertsTheGoodOnes) {
  InsertRequest request = Rows({R"(|{"id":1})", R"(|{"id":"x"})", R"(|{"id":3,"y":1})"});
  request.skip_invalid_rows = true;
  const std::vector<InsertError> errors = Insert(request);
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].index, 1u);
  EXPECT_EQ(errors[1].index, 2u);
  EXPECT_EQ(Ids(), Cell("1"));
}

TEST_F(InsertAll, IgnoreUnknownValuesDropsTheValueAlone) {
  InsertRequest request = Rows({R"(|{"id":1,"y":{"z":[1]}})"});
  request.ignore_unknown_values = true;
  EXPECT_TRUE(Insert(request).empty());
  EXPECT_EQ(Ids(), Cell("1"));
}

TEST_F(InsertAll, TheSameInsertIdGivesOneRow) {
  EXPECT_TRUE(Insert(Rows({R"(a|{"id":1})", R"(a|{"id":2})", R"(b|{"id":3})"})).empty());
  EXPECT_TRUE(Insert(Rows({R"(b|{"id":4})", R"(c|{"id":5})", R"(|{"id":6})"})).empty());
  EXPECT_EQ(Ids(), Cell("1,3,5,6"));
  // Also after a restart.
  warehouse_.Reopen();
  EXPECT_TRUE(Insert(Rows({R"(c|{"id":7})", R"(d|{"id":8})"})).empty());
  EXPECT_EQ(Ids(), Cell("1,3,5,6,8"));
  // But not for ever, and not in another table.
  warehouse_.clock.Advance(std::chrono::minutes(11));
  EXPECT_TRUE(Insert(Rows({R"(c|{"id":9})"})).empty());
  EXPECT_EQ(Ids(), Cell("1,3,5,6,8,9"));
  warehouse_.Run("CREATE TABLE d.u (id INT64)");
  EXPECT_TRUE(Insert(Rows({R"(c|{"id":1})"}, "u")).empty());
  EXPECT_EQ(Ids("u"), Cell("1"));
}

TEST_F(InsertAll, AnInsertIdOfARefusedRowIsFree) {
  EXPECT_EQ(Insert(Rows({R"(a|{"id":1})", R"(b|{"id":"x"})"})).size(), 2u);
  EXPECT_TRUE(Insert(Rows({R"(a|{"id":1})", R"(b|{"id":2})"})).empty());
  EXPECT_EQ(Ids(), Cell("1,2"));
}

TEST_F(InsertAll, DecoratorChoosesThePartition) {
  warehouse_.Run("CREATE TABLE d.i (id INT64) PARTITION BY _PARTITIONDATE");
  InsertRequest request = Rows({R"(|{"id":1})"}, "i");
  request.partition = "20240517";
  EXPECT_TRUE(Insert(request).empty());
  EXPECT_EQ(warehouse_.Ask("SELECT CAST(_PARTITIONDATE AS STRING) FROM d.i"), Cell("2024-05-17"));

  warehouse_.Run("CREATE TABLE d.c (id INT64, day DATE) PARTITION BY day");
  request = Rows({R"(|{"id":1,"day":"2024-05-18"})"}, "c");
  request.partition = "20240517";
  const auto errors = Insert(request);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].errors[0].location, "day");
}

TEST_F(InsertAll, TemplateSuffixMakesTheTable) {
  InsertRequest request = Rows({R"(|{"id":1})"});
  request.template_suffix = "_20240517";
  EXPECT_TRUE(Insert(request).empty());
  EXPECT_TRUE(Insert(request).empty());
  EXPECT_EQ(Ids("t_20240517"), Cell("1,1"));
  EXPECT_EQ(warehouse_.Ask("SELECT COUNT(*) FROM d.t"), Cell("0"));
}

TEST_F(InsertAll, RefusesWhatIsNoTableOrTooMuch) {
  warehouse_.Run("CREATE VIEW d.v AS SELECT 1 AS id");
  const auto status = [&](const InsertRequest& request) {
    return warehouse_->InsertAll(warehouse_.ctx, request).status();
  };
  EXPECT_EQ(status(Rows({R"(|{"id":1})"}, "v")).message(),
            "Cannot add rows to a table of type VIEW.");
  EXPECT_EQ(status(Rows({R"(|{"id":1})"}, "nosuch")).code(), Code::kNotFound);
  EXPECT_EQ(status(Rows({})).message(), "No rows present in the request.");
  EXPECT_EQ(status(Rows({std::string(129, 'x') + R"(|{"id":1})"})).code(), Code::kInvalidArgument);
  EXPECT_EQ(status(Rows({R"(|{"id":)"})).reason(), "parseError");
  InsertRequest many = Rows({R"(|{"id":1})"});
  many.rows.resize(50'001, many.rows[0]);
  EXPECT_EQ(status(many).message(),
            "Too many rows present in the request, limit: 50000 row count: 50001.");
}

TEST_F(InsertAll, ManyRequestsAtOnceLoseAndRepeatNothing) {
  constexpr int kThreads = 8, kRequests = 10;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t] {
        for (int r = 0; r < kRequests; ++r) {
          const std::string id = std::to_string(t * kRequests + r);
          const std::string json = "{\"id\":" + id + "}";
          const std::string text = json + std::string(kInsertPaddingBytes, ' ');
          InsertRequest request;
          request.table = {"p", "d", "t"};
          request.rows.push_back(
              {.insert_id = id, .json = std::string_view(text).substr(0, json.size())});
          for (int again = 0; again < 2; ++again)
            EXPECT_TRUE(warehouse_->InsertAll(warehouse_.ctx, request).ok());
        }
      });
    }
  }
  EXPECT_EQ(warehouse_.Ask("SELECT COUNT(*), COUNT(DISTINCT id) FROM d.t"),
            R"({"f":[{"v":"80"},{"v":"80"}]})");
}

TEST_F(InsertAll, AFailedCommitLeavesNothingAndTheIdsFree) {
  ASSERT_TRUE(warehouse_.faults.Arm("warehouse.commit", 1).ok());
  EXPECT_FALSE(warehouse_->InsertAll(warehouse_.ctx, Rows({R"(a|{"id":1})"})).ok());
  EXPECT_TRUE(Insert(Rows({R"(a|{"id":1})"})).empty());
  EXPECT_EQ(Ids(), Cell("1"));
}

}  // namespace
}  // namespace landfall::warehouse
