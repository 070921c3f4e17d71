// The rules of listing are tested in api/storage_json_list_test.cc; here is what a page costs.
#include "storage/listing.h"

#include "storage/fake.h"

namespace landfall::storage {
namespace {

// Counts the rows that scans visit.
class CountingReader final : public meta::Reader {
 public:
  explicit CountingReader(meta::Reader& real) : real_(real) {}
  Result<std::optional<std::string>> Get(std::string_view key) override { return real_.Get(key); }
  Status Scan(const meta::KeyRange& range, const meta::Visitor& visit) override {
    return real_.Scan(range, [&](std::string_view key, std::string_view value) {
      ++rows;
      return visit(key, value);
    });
  }
  int rows = 0;

 private:
  meta::Reader& real_;
};

TEST(StorageListing, PageCostsWhatItReturnsNotWhatLiesBetween) {
  TestStorage t;
  for (const std::string dir : {"a/", "b/", "c/"}) {
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(t.Put(dir + std::to_string(i), "").ok());
  }
  ASSERT_TRUE(t.Put("z", "").ok());
  const auto snapshot = t.meta->Snapshot();
  CountingReader by_delimiter(*snapshot);
  const ObjectPage page = ListObjects(by_delimiter, "bucket", {.delimiter = "/"}).value();
  EXPECT_EQ(page.prefixes.size(), 3u);
  EXPECT_EQ(page.items.size(), 1u);
  EXPECT_LE(by_delimiter.rows, 4);
  CountingReader small_page(*snapshot);
  EXPECT_EQ(
      ListObjects(small_page, "bucket", {.prefix = "b/", .results_max = 10}).value().items.size(),
      10u);
  EXPECT_LE(small_page.rows, 11);
}

}  // namespace
}  // namespace landfall::storage
