#include "base/hash.h"
#include "storage/fake.h"

namespace landfall::storage {
namespace {

using ::testing::HasSubstr;

const std::string kLarge(200'000, 'x');

TEST(StorageInsert, StoresWhatWasSentAndDescribesIt) {
  TestStorage t;
  for (const std::string& body : {std::string(), std::string("hello"), kLarge}) {
    const Object object = t.Put("a", body).value();
    EXPECT_EQ(object.size_bytes, body.size());
    EXPECT_EQ(object.metageneration, 1);
    EXPECT_EQ(object.attributes.storage_class, "STANDARD");
    EXPECT_EQ(object.crc32c, Crc32c(0, body));
    EXPECT_EQ(object.md5.size(), 16u);
    EXPECT_EQ(t.Read("a").value(), body);
  }
}

TEST(StorageInsert, SmallBodiesMakeNoFilesAndLargeOnesExactlyOne) {
  TestStorage t;
  ASSERT_TRUE(t.Put("small", std::string(64 * 1024, 's')).ok());
  EXPECT_EQ(t.FileCount(), 0u);
  ASSERT_TRUE(t.Put("large", std::string(64 * 1024 + 1, 'l')).ok());
  EXPECT_EQ(t.FileCount(), 1u);
}

TEST(StorageInsert, OverwriteAndDeleteRemoveTheFile) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", kLarge).ok());
  ASSERT_TRUE(t.Put("a", kLarge + "2").ok());
  EXPECT_EQ(t.FileCount(), 1u);
  EXPECT_TRUE(t.storage->Delete(t.ctx, "bucket", "a", {}, {}).ok());
  EXPECT_EQ(t.FileCount(), 0u);
}

TEST(StorageInsert, KeepsOddNamesExactly) {
  TestStorage t;
  for (const std::string name : {"a/../b", "a//b", "../../etc/passwd", "/", "//", " ", "a\tb",
                                 "...", "\xF0\x9F\x98\x80", "#?*[]", "a%2Fb"}) {
    ASSERT_TRUE(t.Put(name, name).ok()) << name;
    EXPECT_EQ(t.Read(name).value(), name);
  }
  ASSERT_TRUE(t.Put(std::string(1024, 'n'), "long").ok());
}

TEST(StorageInsert, RefusesBadNames) {
  TestStorage t;
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a\rb"),
        std::string("a\nb"), std::string("a\0b", 3), std::string("\xFF"), std::string("\xC0\xAF"),
        std::string(1025, 'n'), std::string(".well-known/acme-challenge/x")}) {
    EXPECT_EQ(t.Put(name, "x").status().code(), Code::kInvalidArgument) << name;
  }
}

TEST(StorageInsert, ChecksumMismatchQuotesBothAndStoresNothing) {
  TestStorage t;
  for (const std::string& body : {std::string("body"), kLarge}) {
    StringSource source(body);
    const auto refused = t.storage->Insert(
        t.ctx, {.bucket = "bucket", .name = "a", .expected = {.crc32c = 1}}, source);
    EXPECT_THAT(refused, FailsWith(Code::kInvalidArgument, "invalid"));
    EXPECT_THAT(refused.status().message(), HasSubstr(Crc32cBase64(1)));
    EXPECT_THAT(refused.status().message(), HasSubstr(Crc32cBase64(Crc32c(0, body))));
    StringSource again(body);
    EXPECT_THAT(
        t.storage->Insert(
            t.ctx, {.bucket = "bucket", .name = "a", .expected = {.md5 = std::string(16, '1')}},
            again),
        FailsWith(Code::kInvalidArgument, "invalid"));
  }
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kNotFound, "notFound"));
  EXPECT_EQ(t.FileCount(), 0u);
  EXPECT_TRUE(t.AllChanges().empty());
}

TEST(StorageInsert, MatchingChecksumsPass) {
  TestStorage t;
  StringSource source("body");
  Md5 md5;
  md5.Update("body");
  EXPECT_TRUE(t.storage
                  ->Insert(t.ctx,
                           {.bucket = "bucket",
                            .name = "a",
                            .expected = {.crc32c = Crc32c(0, "body"), .md5 = md5.Finish()}},
                           source)
                  .ok());
}

TEST(StorageInsert, MissingBucketLeavesNothingBehind) {
  TestStorage t;
  for (const std::string& body : {std::string("x"), kLarge}) {
    StringSource source(body);
    EXPECT_THAT(t.storage->Insert(t.ctx, {.bucket = "nobucket", .name = "a"}, source),
                FailsWith(Code::kNotFound, "notFound"));
  }
  EXPECT_EQ(t.FileCount(), 0u);
}

TEST(StorageInsert, BodyThatBreaksOffStoresNothing) {
  TestStorage t;
  for (const std::string& body : {std::string("x"), kLarge}) {
    PiecewiseSource source(body, 1000, Unavailable("connection reset"));
    EXPECT_THAT(t.storage->Insert(t.ctx, {.bucket = "bucket", .name = "a"}, source),
                FailsWith(Code::kUnavailable, "backendError"));
  }
  EXPECT_EQ(t.FileCount(), 0u);
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kNotFound, "notFound"));
}

TEST(StorageInsert, RefusesBodiesOverTheLimit) {
  TestStorage t(Options{.object_bytes_max = 100'000});
  EXPECT_TRUE(t.Put("a", std::string(100'000, 'x')).ok());
  EXPECT_THAT(t.Put("b", std::string(100'001, 'x')),
              FailsWith(Code::kResourceExhausted, "uploadTooLarge"));
  EXPECT_EQ(t.FileCount(), 1u);
}

TEST(StorageInsert, GoneClientIsNotWaitedFor) {
  TestStorage t;
  std::stop_source gone;
  gone.request_stop();
  t.ctx.stop = gone.get_token();
  EXPECT_EQ(t.Put("a", "x").status().code(), Code::kCancelled);
}

TEST(StorageInsert, FaultPointFailsTheWriteAndNothingIsStored) {
  TestStorage t;
  ASSERT_TRUE(t.faults.Arm("storage.write", 2, "bucket").ok());
  EXPECT_THAT(t.Put("a", "x"), FailsWith(Code::kUnavailable, "backendError"));
  EXPECT_THAT(t.Put("a", kLarge), FailsWith(Code::kUnavailable, "backendError"));
  EXPECT_EQ(t.FileCount(), 0u);
  EXPECT_TRUE(t.Put("a", "x").ok());
}

TEST(StorageInsert, RefusesWhenLittleSpaceIsLeftAndRecovers) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", "old").ok());
  t.files.free_bytes = 1000;
  t.clock.Advance(std::chrono::seconds(1));
  EXPECT_THAT(t.Put("a", "new"), FailsWith(Code::kResourceExhausted, "diskFull"));
  EXPECT_EQ(t.Read("a").value(), "old");
  t.files.free_bytes = 1ull << 40;
  t.clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(t.Put("a", "new").ok());
}

TEST(StorageInsert, FullDiskInTheMiddleStoresNothing) {
  TestStorage t;
  t.files.full = true;
  EXPECT_THAT(t.Put("a", kLarge), FailsWith(Code::kResourceExhausted, "diskFull"));
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kNotFound, "notFound"));
}

TEST(StorageGeneration, IncreasesOverStepsOfTheClockRestartsAndRecreatedBuckets) {
  TestStorage t;
  t.clock.Advance(std::chrono::seconds(1));
  const std::int64_t first = t.Put("a", "1").value().generation;
  EXPECT_EQ(first, ToMicros(t.clock.Now()));
  t.clock.StepWall(std::chrono::hours(-5));
  const std::int64_t second = t.Put("a", "2").value().generation;
  EXPECT_GT(second, first);
  t.Reopen();
  const std::int64_t third = t.Put("a", "3").value().generation;
  EXPECT_GT(third, second);
  ASSERT_TRUE(t.storage->Delete(t.ctx, "bucket", "a", {}, {}).ok());
  ASSERT_TRUE(t.storage->DeleteBucket(t.ctx, "bucket", {}).ok());
  ASSERT_TRUE(t.storage->CreateBucket(t.ctx, {.name = "bucket", .project = "p"}).ok());
  t.Reopen();
  EXPECT_GT(t.Put("a", "4").value().generation, third);
}

TEST(StorageGet, NamesWhatIsMissing) {
  TestStorage t;
  EXPECT_EQ(t.storage->Get(t.ctx, "bucket", "a").status().message(), "No such object: bucket/a");
  EXPECT_EQ(t.storage->Get(t.ctx, "nobucket", "a").status().message(),
            "The specified bucket does not exist.");
}

TEST(StorageGet, OnlyTheLiveGenerationExists) {
  TestStorage t;
  const Object old = t.Put("a", "1").value();
  const Object live = t.Put("a", "2").value();
  EXPECT_THAT(t.Read("a", old.generation), FailsWith(Code::kNotFound, "notFound"));
  EXPECT_EQ(t.Read("a", live.generation).value(), "2");
}

TEST(StorageOpen, ReaderKeepsItsGenerationWhenTheObjectIsReplaced) {
  TestStorage t;
  for (const std::string& body : {std::string("one"), kLarge}) {
    ASSERT_TRUE(t.Put("a", body).ok());
    const OpenObject open = t.storage->Open(t.ctx, "bucket", "a").value();
    ASSERT_TRUE(t.Put("a", "two").ok());
    std::string bytes(open.object.size_bytes, '\0');
    EXPECT_EQ(open.file->ReadAt(0, bytes).value(), body.size());
    EXPECT_EQ(bytes, body);
  }
}

TEST(StorageOpen, FaultPointFailsReads) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", "x").ok());
  ASSERT_TRUE(t.faults.Arm("storage.read", 1, "bucket").ok());
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kUnavailable, "backendError"));
  EXPECT_EQ(t.Read("a").value(), "x");
}

TEST(StorageOpen, MissingFileIsDataLossNotALoop) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", kLarge).ok());
  for (const auto& file : std::filesystem::directory_iterator(t.options.dir))
    std::filesystem::remove(file);
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kDataLoss, "dataLoss"));
}

TEST(StoragePatch, ChangesWhatIsNamedAndRaisesMetageneration) {
  TestStorage t;
  StringSource source("x");
  ObjectSpec spec{.bucket = "bucket", .name = "a"};
  spec.attributes.content_type = "text/plain";
  spec.attributes.cache_control = "no-store";
  spec.attributes.metadata = {{"k1", "v1"}, {"k2", "v2"}};
  const Object before = t.storage->Insert(t.ctx, spec, source).value();
  t.clock.Advance(std::chrono::seconds(1));
  const Object after =
      t.storage
          ->Patch(t.ctx, "bucket", "a", {},
                  {.attributes = {{"contentType", "text/csv"}, {"cacheControl", std::nullopt}},
                   .metadata = {{"k1", std::nullopt}, {"k3", "v3"}}},
                  {})
          .value();
  EXPECT_EQ(after.generation, before.generation);
  EXPECT_EQ(after.metageneration, 2);
  EXPECT_EQ(after.time_created, before.time_created);
  EXPECT_GT(after.updated, before.updated);
  EXPECT_EQ(after.attributes.content_type, "text/csv");
  EXPECT_EQ(after.attributes.cache_control, "");
  EXPECT_EQ(after.attributes.metadata, (Labels{{"k2", "v2"}, {"k3", "v3"}}));
  EXPECT_EQ(t.Read("a").value(), "x");
  EXPECT_TRUE(t.storage->Patch(t.ctx, "bucket", "a", {}, {.clear_metadata = true}, {})
                  .value()
                  .attributes.metadata.empty());
}

TEST(StoragePatch, RefusesFieldsThatCannotChange) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", "x").ok());
  const struct {
    std::string name;
    std::optional<std::string> value;
    bool ok;
  } rows[] = {{"size", "1", false},
              {"storageClass", "ARCHIVE", false},
              {"storageClass", "STANDARD", true},
              {"customTime", "2020-01-02T00:00:00Z", true},
              {"customTime", "2020-01-01T00:00:00Z", false},
              {"customTime", std::nullopt, false},
              {"customTime", "2020-01-03T00:00:00Z", true},
              {"contentType", "a\r\nb", false}};
  for (const auto& row : rows) {
    const auto patched =
        t.storage->Patch(t.ctx, "bucket", "a", {}, {.attributes = {{row.name, row.value}}}, {});
    EXPECT_EQ(patched.ok(), row.ok) << row.name << " " << row.value.value_or("null");
  }
}

TEST(StorageFeed, TellsEveryChangeOnceInOrder) {
  TestStorage t;
  const Object first = t.Put("a", "1").value();
  const Object second = t.Put("a", kLarge).value();
  const Object patched =
      t.storage->Patch(t.ctx, "bucket", "a", {}, {.metadata = {{"k", "v"}}}, {}).value();
  ASSERT_TRUE(t.storage->Delete(t.ctx, "bucket", "a", {}, {}).ok());
  t.Reopen();
  const std::vector<ObjectChange> changes = t.AllChanges();
  ASSERT_EQ(changes.size(), 5u);
  EXPECT_EQ(changes[0].kind, ChangeKind::kFinalize);
  EXPECT_EQ(changes[0].project, "p");
  EXPECT_EQ(changes[0].object.bucket, "bucket");
  EXPECT_EQ(changes[0].object.generation, first.generation);
  EXPECT_FALSE(changes[0].overwrote_generation);
  EXPECT_EQ(changes[1].kind, ChangeKind::kFinalize);
  EXPECT_EQ(changes[1].overwrote_generation, first.generation);
  EXPECT_EQ(changes[1].object.md5, second.md5);
  EXPECT_EQ(changes[2].kind, ChangeKind::kDelete);
  EXPECT_EQ(changes[2].object.generation, first.generation);
  EXPECT_EQ(changes[2].overwritten_by_generation, second.generation);
  EXPECT_EQ(changes[3].kind, ChangeKind::kMetadataUpdate);
  EXPECT_EQ(changes[3].object.metageneration, patched.metageneration);
  EXPECT_EQ(changes[4].kind, ChangeKind::kDelete);
  EXPECT_FALSE(changes[4].overwritten_by_generation);
  for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(changes[i].seq, i + 1);
  EXPECT_EQ(t.storage->Changes(4, 10).value().size(), 1u);
  EXPECT_EQ(t.storage->Changes(0, 2).value().size(), 2u);
}

TEST(StorageFeed, RefusedChangesLeaveNoTrace) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", "1").ok());
  EXPECT_FALSE(t.Put("a", "2", {.generation_match = 0}).ok());
  EXPECT_FALSE(t.storage->Delete(t.ctx, "bucket", "a", 7, {}).ok());
  EXPECT_FALSE(t.storage->Patch(t.ctx, "bucket", "a", {}, {}, {.metageneration_match = 9}).ok());
  EXPECT_EQ(t.AllChanges().size(), 1u);
}

TEST(StorageRestart, KeepsObjectsAndSweepsLitter) {
  TestStorage t;
  ASSERT_TRUE(t.Put("small", "s").ok());
  ASSERT_TRUE(t.Put("large", kLarge).ok());
  // What a kill between writing a file and its commit leaves behind.
  ASSERT_TRUE(
      t.files.OpenForAppend(t.options.dir + "/00000100000000ff", 0).value()->Write("litter").ok());
  t.Reopen();
  EXPECT_EQ(t.FileCount(), 1u);
  EXPECT_EQ(t.Read("small").value(), "s");
  EXPECT_EQ(t.Read("large").value(), kLarge);
  ASSERT_TRUE(t.Put("large2", kLarge + "2").ok());
  EXPECT_EQ(t.Read("large").value(), kLarge);
}

}  // namespace
}  // namespace landfall::storage
