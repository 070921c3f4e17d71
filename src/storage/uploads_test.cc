// What the adapter's tests of uploads cannot see: threads and the keeping of checksums. The wire's
// rules are tested in api/storage_json_uploads_test.cc.
#include <thread>

#include "base/hash.h"
#include "storage/fake.h"

namespace landfall::storage {
namespace {

// Runs `during` inside the first Read.
class HookedSource final : public ByteSource {
 public:
  HookedSource(std::string bytes, std::function<void()> during)
      : bytes_(std::move(bytes)), during_(std::move(during)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    if (during_) std::exchange(during_, nullptr)();
    return bytes_.Read(out);
  }

 private:
  StringSource bytes_;
  std::function<void()> during_;
};

TEST(StorageUploads, OneRequestAtATimeSendsData) {
  TestStorage t;
  const std::string id =
      t.storage->StartUpload(t.ctx, {.bucket = "bucket", .name = "a"}, {}).value();
  HookedSource first("first", [&] {
    StringSource second("second");
    EXPECT_THAT(t.storage->Upload(t.ctx, id, {.last = true, .body = &second}),
                FailsWith(Code::kUnavailable, "backendError"));
    EXPECT_TRUE(t.storage->QueryUpload(t.ctx, id).ok());
  });
  EXPECT_TRUE(t.storage->Upload(t.ctx, id, {.last = true, .body = &first}).ok());
  EXPECT_EQ(t.Read("a").value(), "first");
}

TEST(StorageUploads, CancelledWhileDataArrivesMakesNoObjectAndLeavesNoFile) {
  TestStorage t;
  for (const bool last : {true, false}) {
    const std::string id =
        t.storage->StartUpload(t.ctx, {.bucket = "bucket", .name = "a"}, {}).value();
    HookedSource body(std::string(2 * kUploadGranuleBytes, 'x'),
                      [&] { EXPECT_TRUE(t.storage->CancelUpload(t.ctx, id).ok()); });
    EXPECT_THAT(t.storage->Upload(t.ctx, id, {.last = last, .body = &body}),
                FailsWith(Code::kNotFound, "gone"));
    EXPECT_EQ(t.FileCount(), 0u);
  }
  EXPECT_THAT(t.Read("a"), FailsWith(Code::kNotFound, "notFound"));
}

TEST(StorageUploads, BusyOnesAreLimitedAndIdleOnesMakeRoom) {
  TestStorage t(Options{.uploads_busy_max = 1});
  const auto start = [&] {
    return t.storage->StartUpload(t.ctx, {.bucket = "bucket", .name = "a"}, {}).value();
  };
  const std::string first = start(), second = start();
  const std::string granule(kUploadGranuleBytes, 'g');
  HookedSource body(granule, [&] {
    StringSource other("x");
    EXPECT_EQ(t.storage->Upload(t.ctx, second, {.last = true, .body = &other}).status().code(),
              Code::kResourceExhausted);
  });
  ASSERT_TRUE(t.storage->Upload(t.ctx, first, {.body = &body}).ok());
  StringSource other("x");
  ASSERT_TRUE(t.storage->Upload(t.ctx, second, {.last = true, .body = &other}).ok());
  // The first one's checksums were given up for the second; they are read again.
  StringSource rest("rest");
  const UploadStatus done = t.storage->Upload(t.ctx, first, {.last = true, .body = &rest}).value();
  EXPECT_EQ(done.object->crc32c, Crc32c(0, granule + "rest"));
  EXPECT_EQ(t.Read("a").value(), granule + "rest");
}

TEST(StorageUploads, ReplacingAnObjectRemovesItsFile) {
  TestStorage t;
  ASSERT_TRUE(t.Put("a", std::string(100'000, 'o')).ok());
  const std::string id =
      t.storage->StartUpload(t.ctx, {.bucket = "bucket", .name = "a"}, {}).value();
  StringSource body(std::string(100'000, 'n'));
  ASSERT_TRUE(t.storage->Upload(t.ctx, id, {.last = true, .body = &body}).ok());
  EXPECT_EQ(t.FileCount(), 1u);
  t.Reopen();
  EXPECT_EQ(t.FileCount(), 1u);
  EXPECT_EQ(t.Read("a").value(), std::string(100'000, 'n'));
}

TEST(StorageParallel, WritersToOneNameLeaveOneWholeVersionAndAFullFeed) {
  TestStorage t;
  constexpr int kThreads = 4, kWrites = 25;
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < kThreads; ++w) {
      writers.emplace_back([&t, w] {
        for (int i = 0; i < kWrites; ++i) {
          const std::size_t size = i % 5 == 0 ? 100'000 : 100;
          EXPECT_TRUE(t.Put("a", std::string(size, static_cast<char>('a' + w))).ok());
          const auto read = t.Read("a");
          ASSERT_TRUE(read.ok()) << read.status().ToString();
          EXPECT_EQ(read->find_first_not_of((*read)[0]), std::string::npos);
        }
      });
    }
  }
  const auto changes = t.AllChanges();
  EXPECT_EQ(changes.size(), 2u * kThreads * kWrites - 1);
  std::int64_t last = 0;
  for (const ObjectChange& change : changes) {
    if (change.kind != ChangeKind::kFinalize) continue;
    EXPECT_GT(change.object.generation, last);
    EXPECT_EQ(change.overwrote_generation.value_or(0), last);
    last = change.object.generation;
  }
  EXPECT_LE(t.FileCount(), 1u);
}

TEST(StorageParallel, OfManyCreatorsExactlyOneWins) {
  TestStorage t;
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 8; ++w) {
      writers.emplace_back([&] { made += t.Put("a", "x", {.generation_match = 0}).ok(); });
    }
  }
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace landfall::storage
