#include "storage/lifecycle.h"

#include "storage/fake.h"

namespace landfall::storage {
namespace {

constexpr std::chrono::hours kDay{24};

struct Case {
  std::string name;
  LifecycleCondition condition;
  bool holds;
};

TEST(StorageLifecycle, EveryConditionCounts) {
  const TimePoint now = ParseRfc3339("2025-06-15T12:00:00Z").value();
  Object noncurrent{.name = "logs/a.txt", .time_created = now - 10 * kDay};
  noncurrent.attributes.storage_class = "NEARLINE";
  noncurrent.attributes.custom_time = now - 4 * kDay;
  noncurrent.time_deleted = now - 2 * kDay;
  const Case cases[] = {{"age", {.age = 10}, true},
                        {"age", {.age = 11}, false},
                        {"custom", {.days_since_custom_time = 4}, true},
                        {"custom", {.days_since_custom_time = 5}, false},
                        {"noncurrent", {.days_since_noncurrent_time = 2}, true},
                        {"noncurrent", {.days_since_noncurrent_time = 3}, false},
                        {"newer", {.num_newer_versions = 3}, true},
                        {"newer", {.num_newer_versions = 4}, false},
                        {"created", {.created_before = "2025-06-06"}, true},
                        {"created", {.created_before = "2025-06-05"}, false},
                        {"customBefore", {.custom_time_before = "2025-06-12"}, true},
                        {"customBefore", {.custom_time_before = "2025-06-11"}, false},
                        {"noncurrentBefore", {.noncurrent_time_before = "2025-06-14"}, true},
                        {"noncurrentBefore", {.noncurrent_time_before = "2025-06-13"}, false},
                        {"live", {.is_live = false}, true},
                        {"live", {.is_live = true}, false},
                        {"class", {.matches_storage_class = {"STANDARD", "NEARLINE"}}, true},
                        {"class", {.matches_storage_class = {"STANDARD"}}, false},
                        {"prefix", {.matches_prefix = {"x", "logs/"}}, true},
                        {"prefix", {.matches_prefix = {"x"}}, false},
                        {"suffix", {.matches_suffix = {".txt"}}, true},
                        {"suffix", {.matches_suffix = {".csv"}}, false},
                        {"both", {.age = 1, .matches_suffix = {".csv"}}, false}};
  for (const Case& c : cases) {
    const Bucket bucket{.lifecycle = {{.condition = c.condition}}};
    const auto verdict =
        JudgeByLifecycle(bucket, noncurrent, now, [] { return Result<std::int64_t>(3); });
    EXPECT_EQ(verdict.value().remove, c.holds) << c.name;
  }
}

TEST(StorageLifecycle, DeleteWinsAndClassesOnlyCool) {
  const TimePoint now = FromMicros(0) + 20'000 * kDay;
  Object object{.name = "a", .time_created = now - 10 * kDay};
  object.attributes.storage_class = "COLDLINE";
  const auto set = [](std::string name) {
    return LifecycleRule{.action = LifecycleAction::kSetStorageClass,
                         .storage_class = std::move(name),
                         .condition = {.age = 1}};
  };
  const auto judge = [&](std::vector<LifecycleRule> rules) {
    return JudgeByLifecycle({.lifecycle = std::move(rules)}, object, now,
                            [] { return Result<std::int64_t>(0); })
        .value();
  };
  EXPECT_EQ(judge({set("NEARLINE"), set("ARCHIVE")}).storage_class, "ARCHIVE");
  EXPECT_FALSE(judge({set("NEARLINE")}).any());
  EXPECT_TRUE(judge({set("ARCHIVE"), {.condition = {.age = 1}}}).remove);
}

struct Swept : TestStorage {
  void Rules(std::vector<LifecycleRule> rules, bool versions) {
    const auto edit = [&](Bucket& b) -> Status {
      b.lifecycle = rules;
      b.versioning = versions;
      return {};
    };
    CHECK_OK(storage->PatchBucket(ctx, "bucket", edit, {}));
  }
  std::vector<ChangeKind> Kinds() {
    std::vector<ChangeKind> kinds;
    for (const ObjectChange& change : AllChanges()) kinds.push_back(change.kind);
    return kinds;
  }
};

TEST(StorageSweep, DeletesOldObjectsWithTheirEvents) {
  Swept t;
  t.Rules({{.condition = {.age = 3, .matches_prefix = {"old"}}}}, false);
  ASSERT_TRUE(t.Put("old", std::string(100'000, 'x')).ok());
  ASSERT_TRUE(t.Put("kept", "x").ok());
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  EXPECT_TRUE(t.Read("old").ok());
  t.clock.Advance(3 * kDay);
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  EXPECT_EQ(t.Read("old").status().code(), Code::kNotFound);
  EXPECT_TRUE(t.Read("kept").ok());
  EXPECT_EQ(t.FileCount(), 0u);
  EXPECT_EQ(t.Kinds(), std::vector<ChangeKind>(
                           {ChangeKind::kFinalize, ChangeKind::kFinalize, ChangeKind::kDelete}));
}

TEST(StorageSweep, ArchivesLiveVersionsAndTrimsOldOnes) {
  Swept t;
  t.Rules({{.condition = {.age = 1, .is_live = true}}, {.condition = {.num_newer_versions = 2}}},
          true);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(t.Put("a", std::to_string(i)).ok());
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  EXPECT_EQ(t.storage->List(t.ctx, "bucket", {.versions = Versions::kAll})->items.size(), 2u);
  t.clock.Advance(kDay);
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  EXPECT_TRUE(t.storage->List(t.ctx, "bucket", {})->items.empty());
  EXPECT_EQ(t.storage->List(t.ctx, "bucket", {.versions = Versions::kAll})->items.size(), 2u);
  EXPECT_EQ(t.AllChanges().back().kind, ChangeKind::kArchive);
}

TEST(StorageSweep, HoldsAreStrongerAndClassesChange) {
  Swept t;
  t.Rules({{.condition = {.age = 5}},
           {.action = LifecycleAction::kSetStorageClass,
            .storage_class = "NEARLINE",
            .condition = {.age = 1}}},
          false);
  ASSERT_TRUE(t.Put("a", "x").ok());
  ASSERT_TRUE(t.storage->Patch(t.ctx, "bucket", "a", {}, {.temporary_hold = true}, {}).ok());
  t.clock.Advance(kDay);
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  const Object cooled = t.storage->Get(t.ctx, "bucket", "a").value();
  EXPECT_EQ(cooled.attributes.storage_class, "NEARLINE");
  EXPECT_EQ(cooled.metageneration, 3);
  EXPECT_EQ(cooled.storage_class_updated, t.clock.Now());
  t.clock.Advance(5 * kDay);
  ASSERT_TRUE(t.storage->Sweep(t.ctx).ok());
  EXPECT_TRUE(t.Read("a").ok());
}

TEST(StorageVersionListing, PagesAreTheWholeInAnySize) {
  Swept t;
  t.Rules({}, true);
  for (const char* name : {"a", "a/", "a/b", "b", "c/d", "c/e"}) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(t.Put(name, "x").ok());
  }
  ASSERT_TRUE(t.storage->Delete(t.ctx, "bucket", "b", {}, {}).ok());
  for (const bool delimited : {false, true}) {
    ListOptions options{.versions = Versions::kAll};
    if (delimited) options.delimiter = "/";
    options.include_trailing_delimiter = true;
    const ObjectPage whole = t.storage->List(t.ctx, "bucket", options).value();
    EXPECT_EQ(whole.items.size(), delimited ? 9u : 18u);
    EXPECT_EQ(whole.prefixes.size(), delimited ? 2u : 0u);
    for (std::size_t size = 1; size < 8; ++size) {
      ObjectPage joined;
      options.results_max = size;
      options.page_token.clear();
      do {
        ObjectPage page = t.storage->List(t.ctx, "bucket", options).value();
        EXPECT_LE(page.items.size() + page.prefixes.size(), size);
        joined.items.insert(joined.items.end(), page.items.begin(), page.items.end());
        joined.prefixes.insert(joined.prefixes.end(), page.prefixes.begin(), page.prefixes.end());
        options.page_token = page.next_page_token;
      } while (!options.page_token.empty());
      EXPECT_EQ(joined.prefixes, whole.prefixes) << size;
      ASSERT_EQ(joined.items.size(), whole.items.size()) << size;
      for (std::size_t i = 0; i < whole.items.size(); ++i)
        EXPECT_EQ(joined.items[i].generation, whole.items[i].generation);
    }
    options.results_max = 1000;
  }
}

}  // namespace
}  // namespace landfall::storage
