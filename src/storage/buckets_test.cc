#include "storage/fake.h"

namespace landfall::storage {
namespace {

using ::testing::HasSubstr;

TEST(StorageBuckets, NamesFollowGooglesRules) {
  TestStorage t;
  const struct {
    std::string name;
    bool ok;
  } rows[] = {
      {"abc", true},
      {"a-b_c.d", true},
      {"123", true},
      {std::string(63, 'a'), true},
      {std::string(64, 'a'), false},
      {std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c'), true},
      {std::string(64, 'a') + ".b", false},
      {"ab", false},
      {"", false},
      {"Abc", false},
      {"-abc", false},
      {"abc-", false},
      {"a..b", false},
      {"a/b", false},
      {"1.2.3.4", false},
      {"1.2.3.4.5", true},
      {"googly", false},
      {"my-google-x", false},
      {"a\xC3\xA9z", false}};
  for (const auto& row : rows) {
    const auto made = t.storage->CreateBucket(t.ctx, {.name = row.name, .project = "p"});
    EXPECT_EQ(made.ok(), row.ok) << row.name;
    if (!row.ok) {
      EXPECT_EQ(made.status().code(), Code::kInvalidArgument);
    }
  }
}

TEST(StorageBuckets, CreatingATakenNameTellsWhoHasIt) {
  TestStorage t;
  const auto mine = t.storage->CreateBucket(t.ctx, {.name = "bucket", .project = "p"});
  EXPECT_THAT(mine, FailsWith(Code::kAlreadyExists, "conflict"));
  EXPECT_THAT(mine.status().message(), HasSubstr("you already own it"));
  const auto other = t.storage->CreateBucket(t.ctx, {.name = "bucket", .project = "q"});
  EXPECT_THAT(other, FailsWith(Code::kAlreadyExists, "conflict"));
  EXPECT_THAT(other.status().message(), HasSubstr("shared by all users"));
}

TEST(StorageBuckets, OnlyAnEmptyOneIsDeletedWithItsNotifications) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", "x").ok());
  ASSERT_TRUE(
      t.storage->CreateNotification(t.ctx, {.bucket = "bucket", .topic = "projects/p/topics/t"})
          .ok());
  const Status refused = t.storage->DeleteBucket(t.ctx, "bucket", {});
  EXPECT_THAT(refused, FailsWith(Code::kAlreadyExists, "conflict"));
  EXPECT_EQ(refused.message(), "The bucket you tried to delete is not empty.");
  ASSERT_TRUE(t.storage->Delete(t.ctx, "bucket", "a", {}, {}).ok());
  ASSERT_TRUE(t.storage->DeleteBucket(t.ctx, "bucket", {}).ok());
  EXPECT_THAT(t.storage->DeleteBucket(t.ctx, "bucket", {}), FailsWith(Code::kNotFound, "notFound"));
  ASSERT_TRUE(t.storage->CreateBucket(t.ctx, {.name = "bucket", .project = "p"}).ok());
  EXPECT_TRUE(t.storage->ListNotifications(t.ctx, "bucket").value().empty());
}

TEST(StorageBuckets, MetagenerationConditionsHoldOnEveryMethod) {
  TestStorage t;
  EXPECT_TRUE(t.storage->GetBucket(t.ctx, "bucket", {.metageneration_match = 1}).ok());
  EXPECT_THAT(t.storage->GetBucket(t.ctx, "bucket", {.metageneration_match = 2}),
              FailsWith(Code::kFailedPrecondition, "conditionNotMet"));
  EXPECT_THAT(t.storage->GetBucket(t.ctx, "bucket", {.metageneration_not_match = 1}),
              FailsWith(Code::kFailedPrecondition, "notModified"));
  EXPECT_THAT(t.storage->PatchBucket(t.ctx, "bucket", {}, {.metageneration_match = 2}),
              FailsWith(Code::kFailedPrecondition, "conditionNotMet"));
  EXPECT_THAT(t.storage->DeleteBucket(t.ctx, "bucket", {.metageneration_not_match = 1}),
              FailsWith(Code::kFailedPrecondition, "conditionNotMet"));
  EXPECT_EQ(t.storage->PatchBucket(t.ctx, "bucket", {}, {.metageneration_match = 1})
                .value()
                .metageneration,
            2);
}

TEST(StorageBuckets, LabelsHaveLimits) {
  TestStorage t;
  Labels many;
  for (int i = 0; i < 65; ++i) many["k" + std::to_string(i)] = "v";
  const auto create = [&](Labels labels) {
    return t.storage->CreateBucket(
        t.ctx, {.name = "labelled", .project = "p", .labels = std::move(labels)});
  };
  EXPECT_FALSE(create(many).ok());
  EXPECT_FALSE(create({{std::string(64, 'k'), "v"}}).ok());
  EXPECT_FALSE(create({{"k", std::string(64, 'v')}}).ok());
  EXPECT_FALSE(create({{"", "v"}}).ok());
  EXPECT_TRUE(create({{std::string(63, 'k'), std::string(63, 'v')}}).ok());
}

TEST(StorageBuckets, SurviveARestartWithAllFields) {
  TestStorage t;
  const Bucket made = t.storage
                          ->CreateBucket(t.ctx, {.name = "kept",
                                                 .project = "p",
                                                 .location = "EU",
                                                 .storage_class = "NEARLINE",
                                                 .labels = {{"a", "b"}},
                                                 .uniform_access = true})
                          .value();
  t.Reopen();
  const Bucket kept = t.storage->GetBucket(t.ctx, "kept").value();
  EXPECT_EQ(kept.location, "EU");
  EXPECT_EQ(kept.storage_class, "NEARLINE");
  EXPECT_EQ(kept.labels, made.labels);
  EXPECT_EQ(kept.uniform_access, true);
  EXPECT_EQ(kept.time_created, made.time_created);
  // Objects take the bucket's class.
  StringSource source("x");
  EXPECT_EQ(t.storage->Insert(t.ctx, {.bucket = "kept", .name = "a"}, source)
                .value()
                .attributes.storage_class,
            "NEARLINE");
}

TEST(StorageNotifications, IdsAreNeverUsedAgain) {
  TestStorage t;
  const NotificationConfig config{.bucket = "bucket", .topic = "projects/p/topics/t"};
  const std::string first = t.storage->CreateNotification(t.ctx, config).value().id;
  ASSERT_TRUE(t.storage->DeleteNotification(t.ctx, "bucket", first).ok());
  t.Reopen();
  EXPECT_NE(t.storage->CreateNotification(t.ctx, config).value().id, first);
  EXPECT_THAT(t.storage->GetNotification(t.ctx, "bucket", first),
              FailsWith(Code::kNotFound, "notFound"));
  EXPECT_THAT(t.storage->GetNotification(t.ctx, "bucket", "x"),
              FailsWith(Code::kNotFound, "notFound"));
}

}  // namespace
}  // namespace landfall::storage
