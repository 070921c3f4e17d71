#include "api/storage_json_fixture.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kGranule = 256 * kKiB;

std::string Pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// An upload that was started, and its URL.
struct TestUpload : TestApi {
  explicit TestUpload(const std::string& query = {}, const HeaderList& headers = {},
                      std::string metadata = {}) {
    const Answer started = Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a" + query,
                                std::move(metadata), headers);
    CHECK(started.status == 200);
    url = started.Header("Location");
    CHECK(url.starts_with("http://localhost:8080/"));
    url.erase(0, std::string("http://localhost:8080").size());
  }
  Answer Chunk(std::string body, const std::string& range, HeaderList headers = {}) {
    headers.emplace_back("Content-Range", range);
    return Put(url, std::move(body), headers);
  }
  Answer Query() { return Chunk({}, "bytes */*"); }
  bool Exists() { return Get("/b/bucket/o/a").status == 200; }

  std::string url;
};

TEST(StorageJsonUploads, KindOfUploadMustBeKnown) {
  TestApi t;
  EXPECT_EQ(t.Post("/upload/storage/v1/b/bucket/o?name=a", "x").Reason(), "required");
  EXPECT_EQ(t.Post("/upload/storage/v1/b/bucket/o?name=a&uploadType=x", "x").Reason(),
            "invalidParameter");
  EXPECT_EQ(t.Post("/storage/v1/b/bucket/o?name=a&uploadType=media", "x").Reason(),
            "wrongUrlForUpload");
  EXPECT_EQ(t.Put("/upload/storage/v1/b/bucket/o?uploadType=resumable", "x").status, 400);
  EXPECT_EQ(t.Post("/upload/storage/v1/b/nobucket/o?name=a&uploadType=resumable").status, 404);
  EXPECT_EQ(t.Post("/resumable/upload/storage/v1/b/bucket/o?name=a&uploadType=resumable").status,
            200);
}

TEST(StorageJsonUploads, LocationIsBuiltFromTheRequestAndCarriesTheName) {
  TestApi t;
  const Answer started =
      t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable",
             R"({"name":"dir/a b","contentType":"text/csv"})", {{"X-Upload-Content-Type", "x/y"}});
  EXPECT_EQ(started.body, "");
  EXPECT_THAT(
      started.Header("Location"),
      StartsWith(
          "http://localhost:8080/upload/storage/v1/b/bucket/o?uploadType=resumable&name=dir%2Fa%20b"
          "&upload_id="));
  EXPECT_NE(started.Header("X-GUploader-UploadID"), "");
}

TEST(StorageJsonUploads, NamesInQueryAndMetadataMustAgree) {
  TestApi t;
  const Answer refused =
      t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a", R"({"name":"b"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("does not agree with value 'a'."));
}

TEST(StorageJsonUploads, ContentTypeComesFromMetadataThenFromTheHeader) {
  TestUpload metadata("", {{"X-Upload-Content-Type", "x/y"}}, R"({"contentType":"text/csv"})");
  EXPECT_EQ(metadata.Put(metadata.url, "x").Text("contentType"), "text/csv");
  TestUpload header("", {{"X-Upload-Content-Type", "x/y"}});
  EXPECT_EQ(header.Put(header.url, "x").Text("contentType"), "x/y");
}

// One row of spec table 9.4 (Content-Range forms) each: a single request that completes the object.
TEST(StorageJsonUploads, EveryWayToSendAllInOneRequest) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, kGranule, 3 * kGranule + 17}) {
    const std::string body = Pattern(size);
    const std::string total = std::to_string(size);
    std::vector<std::string> ranges = {"", "bytes 0-*/*", "bytes 0-*/" + total};
    if (size > 0) ranges.push_back("bytes 0-" + std::to_string(size - 1) + "/" + total);
    for (const std::string& range : ranges) {
      SCOPED_TRACE(total + " " + range);
      TestUpload t;
      const Answer done = range.empty() ? t.Put(t.url, body) : t.Chunk(body, range);
      ASSERT_EQ(done.status, 200) << done.body;
      EXPECT_EQ(done.Text("size"), total);
      EXPECT_EQ(done.Text("crc32c"), Crc32cBase64(Crc32c(0, body)));
      EXPECT_EQ(t.Read("a"), body);
      // Repeats and status queries answer the object again.
      EXPECT_EQ(t.Query().body, done.body);
      EXPECT_EQ(t.Chunk({}, "bytes */" + total).body, done.body);
      EXPECT_EQ(t.Put(t.url, body).body, done.body);
      EXPECT_EQ(t.store.AllChanges().size(), 1u);
    }
  }
}

TEST(StorageJsonUploads, PostSendsDataToo) {
  TestUpload t;
  EXPECT_EQ(t.Post(t.url, "abc").status, 200);
  EXPECT_EQ(t.Read("a"), "abc");
}

TEST(StorageJsonUploads, ChunksOfUnknownTotalThenTheLastOne) {
  TestUpload t;
  const std::string body = Pattern(2 * kGranule + 5);
  const Answer first = t.Chunk(body.substr(0, kGranule), "bytes 0-262143/*");
  EXPECT_EQ(first.status, 308);
  EXPECT_EQ(first.Header("Range"), "bytes=0-262143");
  EXPECT_EQ(first.body, "");
  EXPECT_EQ(t.Chunk(body.substr(kGranule, kGranule), "bytes 262144-524287/*").Header("Range"),
            "bytes=0-524287");
  EXPECT_FALSE(t.Exists());
  const Answer done = t.Chunk(body.substr(2 * kGranule), "bytes 524288-524292/524293");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(t.Read("a"), body);
  EXPECT_EQ(t.store.FileCount(), 1u);
}

TEST(StorageJsonUploads, StatusQueryNeverFinalisesAndNamesNoRangeWhenNothingIsPersisted) {
  TestUpload t("", {{"X-Upload-Content-Length", "262144"}});
  const Answer nothing = t.Query();
  EXPECT_EQ(nothing.status, 308);
  EXPECT_FALSE(nothing.headers.Get("Range"));
  EXPECT_EQ(t.Chunk({}, "bytes */262144").status, 308);
  EXPECT_FALSE(t.Exists());
}

TEST(StorageJsonUploads, StarSlashTotalFinalisesExactlyWhenAllIsPersisted) {
  TestUpload t;
  const std::string body = Pattern(kGranule);
  EXPECT_EQ(t.Chunk(body, "bytes 0-262143/*").status, 308);
  EXPECT_EQ(t.Chunk({}, "bytes */262145").status, 308);
  EXPECT_EQ(t.Query().status, 308);
  EXPECT_FALSE(t.Exists());
  EXPECT_EQ(t.Chunk({}, "bytes */100").status, 400);
  EXPECT_EQ(t.Chunk({}, "bytes */262144").status, 200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, EmptyObjectByStarSlashZero) {
  TestUpload t;
  EXPECT_EQ(t.Chunk({}, "bytes */0").status, 200);
  EXPECT_EQ(t.Get("/b/bucket/o/a").Text("size"), "0");
}

TEST(StorageJsonUploads, GoAsksForStatusInAnotherForm) {
  TestUpload t;
  const Answer status = t.Chunk({}, "bytes */*", {{"X-GUploader-No-308", "yes"}});
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(status.Header("X-HTTP-Status-Code-Override"), "308");
}

TEST(StorageJsonUploads, SmallNonFinalChunkIsRefusedInGooglesWords) {
  TestUpload t;
  const Answer small = t.Chunk(Pattern(1000), "bytes 0-999/*");
  EXPECT_EQ(small.status, 400);
  EXPECT_THAT(small.body, HasSubstr("The received request contained 1000 bytes"));
  EXPECT_EQ(t.Chunk(Pattern(1000), "bytes 0-999/5000").status, 400);
  EXPECT_FALSE(t.Query().headers.Get("Range"));
}

TEST(StorageJsonUploads, NonFinalChunkIsPersistedDownToAMultiple) {
  TestUpload t;
  const std::string body = Pattern(kGranule + 100);
  const Answer odd = t.Chunk(body, "bytes 0-262243/*");
  EXPECT_EQ(odd.status, 308);
  EXPECT_EQ(odd.Header("Range"), "bytes=0-262143");
  EXPECT_EQ(t.Chunk(body.substr(kGranule), "bytes 262144-262243/262244").status, 200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, OverlapIsSkippedAndAGapRefused) {
  TestUpload t;
  const std::string body = Pattern(2 * kGranule);
  t.Chunk(body.substr(0, kGranule), "bytes 0-262143/*");
  EXPECT_EQ(t.Chunk(body.substr(kGranule + 1), "bytes 262145-524287/524288").status, 400);
  EXPECT_EQ(t.Query().Header("Range"), "bytes=0-262143");
  // The client sends again from 100; what differs in the overlap is not written.
  EXPECT_EQ(
      t.Chunk(std::string(kGranule - 100, '?') + body.substr(kGranule), "bytes 100-524287/524288")
          .status,
      200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, TotalMustAgreeWithTheStart) {
  TestUpload t("", {{"X-Upload-Content-Length", "10"}});
  EXPECT_EQ(t.Chunk("0123456789A", "bytes 0-10/11").status, 400);
  EXPECT_EQ(t.Chunk("0123456789A", "bytes 0-*/*").status, 400);
  EXPECT_EQ(t.Chunk("0123456789", "bytes 0-9/10").status, 200);
  EXPECT_EQ(t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=b", "",
                   {{"X-Upload-Content-Length", "-1"}})
                .status,
            400);
}

TEST(StorageJsonUploads, OnlyReceivedBytesCountNeverTheDeclaredRange) {
  TestUpload t;
  const std::string body = Pattern(2 * kGranule);
  // Declares all of it, sends half.
  const Answer half = t.Chunk(body.substr(0, kGranule), "bytes 0-524287/524288");
  EXPECT_EQ(half.status, 308);
  EXPECT_EQ(half.Header("Range"), "bytes=0-262143");
  // Declares the rest, sends nothing.
  EXPECT_EQ(t.Chunk("", "bytes 262144-524287/524288").Header("Range"), "bytes=0-262143");
  EXPECT_FALSE(t.Exists());
  // Sends more than it declares.
  EXPECT_EQ(t.Chunk(body.substr(kGranule) + "more", "bytes 262144-524287/524288").status, 200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, CutConnectionKeepsTheFullGranulesThatArrived) {
  TestUpload t;
  const std::string body = Pattern(3 * kGranule);
  storage::PiecewiseSource cut(body.substr(0, 2 * kGranule + 500), 10'000,
                               Unavailable("connection reset"));
  t.SendSource(net::Method::kPut, t.url, cut, body.size());
  EXPECT_EQ(t.Query().Header("Range"), "bytes=0-524287");
  EXPECT_EQ(t.Chunk(body.substr(2 * kGranule), "bytes 524288-786431/786432").status, 200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, MalformedContentRangeIs400) {
  TestUpload t;
  for (const std::string range :
       {"", "bytes", "bytes x", "bytes 1-0/5", "bytes 0-5/5", "bytes 0-5", "0-5/6", "bytes -5/6",
        "bytes 0-/6", "bytes 99999999999999999999-*/*", "bytes */-1"}) {
    EXPECT_EQ(t.Chunk("123456", range).status, 400) << range;
  }
  EXPECT_FALSE(t.Exists());
}

TEST(StorageJsonUploads, ChecksumMismatchKillsTheUpload) {
  for (const std::size_t size : {std::size_t{10}, 2 * kGranule}) {
    TestUpload t;
    const std::string body = Pattern(size);
    if (size > kGranule) {
      ASSERT_EQ(t.Chunk(body.substr(0, kGranule), "bytes 0-262143/*").status, 308);
    }
    const std::string rest = size > kGranule ? body.substr(kGranule) : body;
    const Answer bad = t.Chunk(rest,
                               "bytes " + std::to_string(size - rest.size()) + "-" +
                                   std::to_string(size - 1) + "/" + std::to_string(size),
                               {{"x-goog-hash", "crc32c=AAAAAA=="}});
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(bad.Reason(), "invalid");
    EXPECT_EQ(t.Query().status, 410);
    EXPECT_FALSE(t.Exists());
    EXPECT_EQ(t.store.FileCount(), 0u);
  }
}

TEST(StorageJsonUploads, ChecksumsOfTheStartAreCheckedAtTheEnd) {
  TestUpload bad("", {}, R"({"crc32c":"AAAAAA=="})");
  EXPECT_EQ(bad.Put(bad.url, "x").status, 400);
  TestUpload good("", {}, R"({"crc32c":")" + Crc32cBase64(Crc32c(0, "x")) + R"("})");
  EXPECT_EQ(good.Put(good.url, "x").status, 200);
}

TEST(StorageJsonUploads, PreconditionsAreCapturedAtTheStartAndEnforcedAtTheEnd) {
  TestUpload t("&ifGenerationMatch=0");
  t.PutMedia("a", "somebody else");
  const Answer late = t.Put(t.url, "mine");
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(late.Reason(), "conditionNotMet");
  EXPECT_EQ(t.Read("a"), "somebody else");
  EXPECT_EQ(t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a&ifGenerationMatch=0")
                .status,
            412);
}

TEST(StorageJsonUploads, UnknownCancelledAndExpiredIds) {
  TestUpload t;
  EXPECT_EQ(t.Put("/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=none", "x").status,
            404);
  EXPECT_EQ(t.Chunk(Pattern(kGranule), "bytes 0-262143/*").status, 308);
  EXPECT_EQ(t.store.FileCount(), 1u);
  const Answer cancelled = t.Delete(t.url);
  EXPECT_EQ(cancelled.status, 499);
  EXPECT_EQ(cancelled.body, "");
  EXPECT_EQ(t.store.FileCount(), 0u);
  EXPECT_EQ(t.Query().status, 410);
  EXPECT_EQ(t.Put(t.url, "x").status, 410);
  EXPECT_EQ(t.Delete(t.url).status, 410);
  TestUpload old;
  old.store.clock.Advance(std::chrono::hours(24 * 7));
  EXPECT_EQ(old.Put(old.url, "x").status, 410);
}

TEST(StorageJsonUploads, ExpiredUploadsAreForgottenWithTheirFiles) {
  TestUpload t;
  t.Chunk(Pattern(kGranule), "bytes 0-262143/*");
  t.store.clock.Advance(std::chrono::hours(24 * 7 + 1));
  EXPECT_EQ(t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=b").status, 200);
  EXPECT_EQ(t.store.FileCount(), 0u);
  EXPECT_EQ(t.Query().status, 404);
}

TEST(StorageJsonUploads, SurvivesRestartsBetweenChunks) {
  TestUpload t;
  const std::string body = Pattern(3 * kGranule + 9);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string range =
        "bytes " + std::to_string(i * kGranule) + "-" + std::to_string((i + 1) * kGranule - 1);
    ASSERT_EQ(t.Chunk(body.substr(i * kGranule, kGranule), range + "/*").status, 308);
    t.Restart();
    ASSERT_EQ(t.Query().Header("Range"), "bytes=0-" + std::to_string((i + 1) * kGranule - 1));
  }
  Md5 md5;
  md5.Update(body);
  const Answer done = t.Chunk(body.substr(3 * kGranule), "bytes 786432-786440/786441",
                              {{"x-goog-hash", "md5=" + Base64(md5.Finish())}});
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(t.Read("a"), body);
  t.Restart();
  EXPECT_EQ(t.Query().body, done.body);
  EXPECT_EQ(t.Read("a"), body);
  EXPECT_EQ(t.store.AllChanges().size(), 1u);
}

TEST(StorageJsonUploads, FaultAtTheEndLeavesTheUploadUsable) {
  for (const std::size_t persisted : {std::size_t{0}, kGranule}) {
    TestUpload t;
    const std::string body = Pattern(persisted + 100'000);
    if (persisted > 0) {
      ASSERT_EQ(t.Chunk(body.substr(0, kGranule), "bytes 0-262143/*").status, 308);
    }
    ASSERT_TRUE(t.store.faults.Arm("storage.write", 1, "bucket").ok());
    EXPECT_EQ(t.Chunk(body.substr(persisted), "bytes " + std::to_string(persisted) + "-*/*").status,
              503);
    EXPECT_FALSE(t.Exists());
    EXPECT_EQ(t.store.FileCount(), persisted > 0 ? 1u : 0u);
    EXPECT_EQ(t.Chunk(body.substr(persisted), "bytes " + std::to_string(persisted) + "-*/*").status,
              200);
    EXPECT_EQ(t.Read("a"), body);
  }
}

TEST(StorageJsonUploads, DiskFullIs507AndKeepsWhatWasPersisted) {
  TestUpload t;
  const std::string body = Pattern(2 * kGranule);
  t.Chunk(body.substr(0, kGranule), "bytes 0-262143/*");
  t.store.files.full = true;
  EXPECT_EQ(t.Chunk(body.substr(kGranule), "bytes 262144-524287/524288").status, 507);
  t.store.files.full = false;
  EXPECT_EQ(t.Query().Header("Range"), "bytes=0-262143");
  EXPECT_EQ(t.Chunk(body.substr(kGranule), "bytes 262144-524287/524288").status, 200);
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageJsonUploads, FieldsOfTheStartShapeTheFinalAnswer) {
  TestUpload t("&fields=name,size");
  EXPECT_EQ(t.Put(t.url, "abc").body, R"({"name":"a","size":"3"})");
}

TEST(StorageJsonUploads, TransportCompressionIsUndoneUnlessItIsTheContent) {
  // gzip of "hello"
  const std::string gz = FromBase64("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==").value();
  TestApi t;
  EXPECT_EQ(t.PutMedia("a", gz, "", {{"Content-Encoding", "gzip"}}).status, 200);
  EXPECT_EQ(t.Read("a"), "hello");
  const Answer stored =
      t.PutMedia("b", gz, "&contentEncoding=gzip", {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(stored.Text("contentEncoding"), "gzip");
  EXPECT_EQ(stored.Text("size"), std::to_string(gz.size()));
}

TEST(StorageJsonUploads, CompressedChunksCountInStoredBytes) {
  const std::string gz = FromBase64("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==").value();
  TestUpload t("");
  const Answer done =
      t.Put(t.url, gz, {{"Content-Encoding", "gzip"}, {"Content-Range", "bytes 0-4/5"}});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.Header("x-goog-hash"), "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(t.Read("a"), "hello");
}

TEST(StorageJsonMultipart, MetadataAndMediaInOneBody) {
  TestApi t;
  const auto send = [&](const std::string& query, const std::string& metadata,
                        const std::string& media,
                        const std::string& type = "multipart/related; boundary=\"b\"") {
    return t.Post("/upload/storage/v1/b/bucket/o?uploadType=multipart" + query,
                  "--b\r\nContent-Type: application/json\r\n\r\n" + metadata +
                      "\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + media + "\r\n--b--\r\n",
                  {{"Content-Type", type}});
  };
  const Answer made = send("", R"({"name":"a","metadata":{"k":"v"}})", "hello\r\n");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Text("contentType"), "text/plain");
  EXPECT_EQ(t.Read("a"), "hello\r\n");
  EXPECT_EQ(send("&name=q", R"({"name":"a"})", "x").Text("name"), "q");
  EXPECT_EQ(send("", R"({"name":"a","contentType":"text/csv"})", "x").Text("contentType"),
            "text/csv");
  EXPECT_EQ(send("", R"({"name":"a","crc32c":"AAAAAA=="})", "x").status, 400);
  EXPECT_EQ(send("", R"({"name":"a","bucket":"other"})", "x").status, 400);
  EXPECT_EQ(send("", R"({"name":"a","acl":[{"entity":"allUsers"}]})", "x").Reason(), "required");
  EXPECT_EQ(send("", R"({"contentType":"x/y"})", "x").Reason(), "required");
  EXPECT_EQ(send("", "{", "x").Reason(), "parseError");
  EXPECT_EQ(send("", R"({"name":"a"})", "x", "text/plain").status, 400);
  const std::string large = Pattern(300'000);
  EXPECT_EQ(send("", R"({"name":"large"})", large).status, 200);
  EXPECT_EQ(t.Read("large"), large);
}

}  // namespace
}  // namespace landfall::api
