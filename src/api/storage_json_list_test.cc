#include "api/storage_json_fixture.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Names and prefixes of one page, prefixes marked with a trailing " P".
std::vector<std::string> Entries(const Answer& answer) {
  std::vector<std::string> entries;
  const JsonObject page = answer.Object();
  if (const Json* items = Find(page, "items")) {
    for (const Json& item : items->get_array()) entries.emplace_back(item.at("name").as_string());
  }
  if (const Json* prefixes = Find(page, "prefixes")) {
    for (const Json& prefix : prefixes->get_array())
      entries.push_back(std::string(prefix.as_string()) + " P");
  }
  return entries;
}

struct TestList : TestApi {
  explicit TestList(const std::vector<std::string>& names) {
    for (const std::string& name : names) CHECK(PutMedia(PercentEncode(name), "x").status == 200);
  }
  Answer List(const std::string& query) { return Get("/storage/v1/b/bucket/o?" + query); }
  // All pages of `results` entries, put together and sorted.
  std::vector<std::string> AllPages(const std::string& query, int results) {
    std::vector<std::string> all;
    std::string token;
    for (int page = 0; page < 1000; ++page) {
      const Answer answer = List(query + "&maxResults=" + std::to_string(results) +
                                 "&pageToken=" + PercentEncode(token));
      CHECK(answer.status == 200);
      const auto entries = Entries(answer);
      CHECK(entries.size() <= static_cast<std::size_t>(results));
      all.insert(all.end(), entries.begin(), entries.end());
      token = answer.Text("nextPageToken");
      if (token.empty()) break;
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

TEST(StorageJsonList, FollowsEveryParameter) {
  TestList t({"a", "b/1", "b/2/x", "b/", "c//d", "c/e", "d", "\xC3\xA9", "Z"});
  const struct {
    std::string query;
    std::vector<std::string> entries;
  } rows[] = {
      {"", {"Z", "a", "b/", "b/1", "b/2/x", "c//d", "c/e", "d", "\xC3\xA9"}},
      {"prefix=b", {"b/", "b/1", "b/2/x"}},
      {"prefix=nothing", {}},
      {"delimiter=/", {"Z", "a", "d", "\xC3\xA9", "b/ P", "c/ P"}},
      {"delimiter=/&prefix=b/", {"b/", "b/1", "b/2/ P"}},
      {"delimiter=/&prefix=c/", {"c/e", "c// P"}},
      {"delimiter=/&prefix=b", {"b/ P"}},
      {"delimiter=/&includeTrailingDelimiter=true",
       {"Z", "a", "b/", "d", "\xC3\xA9", "b/ P", "c/ P"}},
      {"delimiter=/&includeTrailingDelimiter=false", {"Z", "a", "d", "\xC3\xA9", "b/ P", "c/ P"}},
      {"startOffset=b/1", {"b/1", "b/2/x", "c//d", "c/e", "d", "\xC3\xA9"}},
      {"endOffset=b/1", {"Z", "a", "b/"}},
      {"startOffset=b/&endOffset=c/", {"b/", "b/1", "b/2/x"}},
      {"startOffset=x&endOffset=b", {}},
      {"startOffset=b/1&prefix=b/&delimiter=/", {"b/1", "b/2/ P"}},
      {"startOffset=b/2/z&delimiter=/", {"d", "\xC3\xA9", "c/ P"}},
      {"delimiter=//", {"Z", "a", "b/", "b/1", "b/2/x", "c/e", "d", "\xC3\xA9", "c// P"}},
      {"includeFoldersAsPrefixes=true&delimiter=/&prefix=b/2", {"b/2/ P"}},
  };
  for (const auto& row : rows) {
    const Answer answer = t.List(row.query);
    EXPECT_EQ(answer.status, 200) << row.query;
    EXPECT_EQ(Entries(answer), row.entries) << row.query;
    std::vector<std::string> sorted = row.entries;
    std::sort(sorted.begin(), sorted.end());
    for (const int results : {1, 2, 3, 1000}) {
      EXPECT_EQ(t.AllPages(row.query, results), sorted) << row.query << " by " << results;
    }
  }
}

TEST(StorageJsonList, EmptyListsHaveNoMembers) {
  TestList t({});
  EXPECT_EQ(t.List("").body, R"({"kind":"storage#objects"})");
  EXPECT_EQ(t.List("delimiter=/&maxResults=5").body, R"({"kind":"storage#objects"})");
}

TEST(StorageJsonList, NoTokenAfterTheLastFullPage) {
  TestList t({"a", "b"});
  EXPECT_EQ(t.List("maxResults=2").Text("nextPageToken"), "");
  EXPECT_NE(t.List("maxResults=1").Text("nextPageToken"), "");
}

TEST(StorageJsonList, PagesStayRightWhenObjectsComeAndGoBetweenThem) {
  TestList t({"a/", "a/x", "b/", "c"});
  const std::string query = "delimiter=/&includeTrailingDelimiter=true&maxResults=1&pageToken=";
  const Answer first = t.List(query);
  EXPECT_THAT(Entries(first), ElementsAre("a/ P"));
  t.Delete("/b/bucket/o/a%2F");
  t.Delete("/b/bucket/o/a%2Fx");
  const Answer second = t.List(query + PercentEncode(first.Text("nextPageToken")));
  EXPECT_THAT(Entries(second), ElementsAre("b/ P"));
}

TEST(StorageJsonList, RefusesBadParametersAndBuckets) {
  TestList t({"a"});
  for (const std::string query :
       {"maxResults=0", "maxResults=-1", "maxResults=x", "pageToken=!", "pageToken=AAAA",
        "prefix=%00", "includeTrailingDelimiter=perhaps"}) {
    EXPECT_EQ(t.List(query).status, 400) << query;
  }
  EXPECT_EQ(t.List("maxResults=100000").status, 200);
  EXPECT_EQ(t.Get("/storage/v1/b/nobucket/o").status, 404);
}

TEST(StorageJsonList, AtMostAThousandPerPage) {
  storage::TestStorage store;
  for (int i = 0; i < 1005; ++i) ASSERT_TRUE(store.Put("o" + std::to_string(i), "").ok());
  const storage::ObjectPage page = store.storage->List(store.ctx, "bucket", {}).value();
  EXPECT_EQ(page.items.size(), 1000u);
  EXPECT_FALSE(page.next_page_token.empty());
}

TEST(StorageJsonList, BucketsByProjectPrefixAndPage) {
  TestApi t;
  for (const std::string name : {"aaa", "aab", "abb"}) {
    ASSERT_EQ(t.Post("/b?project=p", R"({"name":")" + name + "\"}").status, 200);
  }
  EXPECT_THAT(Entries(t.Get("/b?project=p")), ElementsAre("aaa", "aab", "abb", "bucket"));
  EXPECT_THAT(Entries(t.Get("/b?project=p&prefix=aa")), ElementsAre("aaa", "aab"));
  const Answer page = t.Get("/b?project=p&maxResults=2");
  EXPECT_THAT(Entries(page), ElementsAre("aaa", "aab"));
  EXPECT_THAT(Entries(t.Get("/b?project=p&pageToken=" + PercentEncode(page.Text("nextPageToken")))),
              ElementsAre("abb", "bucket"));
  EXPECT_THAT(Entries(t.Get("/b?project=q")), IsEmpty());
}

TEST(StorageJsonDownload, RangesAndTheirAnswers) {
  TestApi t;
  for (const std::size_t size : {std::size_t{10}, std::size_t{200'000}}) {
    std::string body;
    while (body.size() < size) body += static_cast<char>('0' + body.size() % 10);
    t.PutMedia("a", body);
    const std::string total = "/" + std::to_string(size);
    const struct {
      std::string range;
      int status;
      std::string content_range, bytes;
    } rows[] = {
        {"bytes=0-3", 206, "bytes 0-3" + total, "0123"},
        {"bytes=4-4", 206, "bytes 4-4" + total, "4"},
        {"bytes=8-", 206, "bytes 8-" + std::to_string(size - 1) + total, body.substr(8)},
        {"bytes=-2", 206,
         "bytes " + std::to_string(size - 2) + "-" + std::to_string(size - 1) + total, "89"},
        {"bytes=-999999", 206, "bytes 0-" + std::to_string(size - 1) + total, body},
        {"bytes=5-999999", 206, "bytes 5-" + std::to_string(size - 1) + total, body.substr(5)},
        {"bytes=" + std::to_string(size) + "-", 416, "bytes *" + total, ""},
        {"bytes=999999-", 416, "bytes *" + total, ""},
        {"bytes=-0", 416, "bytes *" + total, ""},
        {"bytes=0-1,3-4", 200, "", body},
        {"bytes=3-1", 200, "", body},
        {"bytes=x-y", 200, "", body},
        {"lines=0-1", 200, "", body}};
    for (const auto& row : rows) {
      const Answer answer = t.Get("/b/bucket/o/a?alt=media", {{"Range", row.range}});
      EXPECT_EQ(answer.status, row.status) << row.range;
      EXPECT_EQ(answer.Header("Content-Range"), row.content_range) << row.range;
      if (row.status != 416) {
        EXPECT_EQ(answer.body, row.bytes) << row.range;
      }
    }
  }
}

TEST(StorageJsonDownload, EmptyObjectAnswersStarSlashZeroToAnyRange) {
  TestApi t;
  t.PutMedia("a", "");
  EXPECT_EQ(t.Get("/b/bucket/o/a?alt=media").status, 200);
  const Answer answer = t.Get("/download/storage/v1/b/bucket/o/a", {{"Range", "bytes=0-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.Header("Content-Range"), "bytes */0");
}

TEST(StorageJsonDownload, HeadersDescribeTheObject) {
  TestApi t;
  const Answer made = t.PutMedia("a", "hello");
  const Answer got = t.Get("/download/storage/v1/b/bucket/o/a?alt=media");
  EXPECT_EQ(got.Header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(got.Header("x-goog-hash"), "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(got.Header("x-goog-generation"), made.Text("generation"));
  EXPECT_EQ(got.Header("x-goog-metageneration"), "1");
  EXPECT_EQ(got.Header("x-goog-storage-class"), "STANDARD");
  EXPECT_EQ(got.Header("x-goog-stored-content-length"), "5");
  EXPECT_EQ(got.Header("ETag"), made.Text("etag"));
  EXPECT_EQ(got.Header("Last-Modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(t.Send(net::Method::kHead, "/b/bucket/o/a?alt=media").Header("x-goog-generation"),
            made.Text("generation"));
}

TEST(StorageJsonDownload, GenerationPinsTheContent) {
  TestApi t;
  const std::string old = t.PutMedia("a", "old").Text("generation");
  const std::string live = t.PutMedia("a", "new").Text("generation");
  EXPECT_EQ(t.Get("/b/bucket/o/a?alt=media&generation=" + old).status, 404);
  EXPECT_EQ(t.Get("/b/bucket/o/a?alt=media&generation=" + live, {{"Range", "bytes=1-"}}).body,
            "ew");
  EXPECT_EQ(t.Get("/b/bucket/o/a?alt=media&generation=x").status, 400);
}

TEST(StorageJsonDownload, GzipIsUndoneOnlyForClientsThatDoNotTakeIt) {
  TestApi t;
  const std::string gz = FromBase64("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==").value();  // "hello"
  t.PutMedia("a", gz, "&contentEncoding=gzip");
  const Answer plain = t.Get("/b/bucket/o/a?alt=media", {{"Range", "bytes=0-1"}});
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.body, "hello");
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  EXPECT_EQ(plain.Header("x-goog-stored-content-encoding"), "gzip");
  EXPECT_EQ(plain.Header("X-GUploader-Response-Body-Transformations"), "gunzipped");
  const Answer stored = t.Get("/b/bucket/o/a?alt=media",
                              {{"Accept-Encoding", "deflate, gzip"}, {"Range", "bytes=0-1"}});
  EXPECT_EQ(stored.status, 206);
  EXPECT_EQ(stored.body, gz.substr(0, 2));
  EXPECT_EQ(stored.Header("Content-Encoding"), "gzip");
  t.Patch("/b/bucket/o/a", R"({"cacheControl":"no-transform"})");
  EXPECT_EQ(t.Read("a"), gz);
  t.PutMedia("b", "not gzip", "&contentEncoding=gzip");
  EXPECT_EQ(t.Read("b"), "not gzip");
}

}  // namespace
}  // namespace landfall::api
