// Uploads of load jobs, over the real warehouse.
#include "api/bigquery_json_fixture.h"

namespace landfall::api::bigquery_json {
namespace {

using ::testing::HasSubstr;

constexpr net::Method kPost = net::Method::kPost, kPut = net::Method::kPut,
                      kDelete = net::Method::kDelete;

std::string LoadBody(const std::string& id, const std::string& more = {}) {
  return R"({"jobReference":{"projectId":"p","jobId":")" + id +
         R"("},"configuration":{"load":{"sourceFormat":"CSV",)" + more +
         R"("schema":{"fields":[{"name":"a","type":"INTEGER"},{"name":"b","type":"STRING"}]},)"
         R"("destinationTable":{"projectId":"p","datasetId":"d","tableId":"t"}}}})";
}

class UploadTest : public BigQueryTest {
 protected:
  void SetUp() override { MakeDataset("d"); }
  // Starts a resumable upload; the path to send to.
  std::string Start(const std::string& body, const HeaderList& headers = {}) {
    const Reply started = api_->Send(
        kPost, "/upload/bigquery/v2/projects/p/jobs?uploadType=resumable", body, headers);
    EXPECT_EQ(started.status, 200) << started.body;
    const std::string location = started.Header("Location");
    EXPECT_THAT(location, HasSubstr("http://localhost:8080/upload/bigquery/v2/projects/p/jobs?"));
    return location.substr(std::string("http://localhost:8080").size());
  }
  Reply Put(const std::string& path, const std::string& bytes, const std::string& range) {
    HeaderList headers;
    if (!range.empty()) headers.emplace_back("Content-Range", range);
    return api_->Send(kPut, path, bytes, headers);
  }
  // Waits for a load; the job.
  Reply Wait(const std::string& job) {
    (void)warehouse_->WaitJob({}, {"p", job, "US"}, std::chrono::seconds(60));
    return api_->Get("/jobs/" + job);
  }
  std::string CountRows() { return Query("SELECT COUNT(*) FROM d.t").At("/rows/0/f/0/v"); }
};

TEST_F(UploadTest, MultipartLoadsInOneRequest) {
  const std::string body = "--sep\r\nContent-Type: application/json\r\n\r\n" + LoadBody("m") +
                           "\r\n--sep\r\nContent-Type: */*\r\n\r\n1,x\n2,y\n\r\n--sep--";
  const Reply made = api_->Send(kPost, "/upload/bigquery/v2/projects/p/jobs?uploadType=multipart",
                                body, {{"Content-Type", "multipart/related; boundary=\"sep\""}});
  ASSERT_EQ(made.status, 200) << made.body;
  const Reply job = Wait("m");
  EXPECT_EQ(job.At("/status/state"), "DONE");
  EXPECT_EQ(job.At("/status/errorResult"), "");
  EXPECT_EQ(job.At("/statistics/load/outputRows"), "2");
  EXPECT_EQ(job.At("/configuration/jobType"), "LOAD");
  EXPECT_EQ(job.At("/configuration/load/destinationTable/tableId"), "t");
  EXPECT_EQ(CountRows(), "2");
}

TEST_F(UploadTest, ResumableTakesChunksAndAnswers308BetweenThem) {
  const std::string path = Start(LoadBody("r"));
  const Reply status = Put(path, "", "bytes */*");
  EXPECT_EQ(status.status, 308);
  EXPECT_EQ(status.Header("Range"), "");
  const Reply first = Put(path, "1,x\n", "bytes 0-3/*");
  EXPECT_EQ(first.status, 308);
  EXPECT_EQ(first.Header("Range"), "bytes=0-3");
  EXPECT_EQ(Put(path, "", "bytes */8").Header("Range"), "bytes=0-3");
  const Reply last = Put(path, "2,y\n", "bytes 4-7/8");
  ASSERT_EQ(last.status, 200) << last.body;
  EXPECT_EQ(last.At("/jobReference/jobId"), "r");
  EXPECT_EQ(Wait("r").At("/statistics/load/outputRows"), "2");
  EXPECT_EQ(CountRows(), "2");
}

TEST_F(UploadTest, TheLastChunkSentAgainAnswersTheSameJob) {
  const std::string path = Start(LoadBody("again"));
  ASSERT_EQ(Put(path, "1,x\n", "bytes 0-3/4").status, 200);
  const Reply again = Put(path, "1,x\n", "bytes 0-3/4");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.At("/jobReference/jobId"), "again");
  EXPECT_EQ(Put(path, "", "bytes */4").status, 200);
  (void)Wait("again");
  EXPECT_EQ(CountRows(), "1");
}

TEST_F(UploadTest, AnEmptyRequestFinishesAnUploadOfUnknownLength) {
  const std::string path = Start(LoadBody("z"));
  EXPECT_EQ(Put(path, "1,x\n", "bytes 0-3/*").status, 308);
  EXPECT_EQ(Put(path, "", "bytes */4").status, 200);
  EXPECT_EQ(Wait("z").At("/statistics/load/outputRows"), "1");
}

TEST_F(UploadTest, ABodyWithoutContentRangeIsTheWholeUpload) {
  const std::string path = Start(LoadBody("w"));
  EXPECT_EQ(Put(path, "1,x\n2,y\n", "").status, 200);
  EXPECT_EQ(Wait("w").At("/statistics/load/outputRows"), "2");
}

TEST_F(UploadTest, BytesSentAgainAreTakenOnceAndAGapIsNotTaken) {
  const std::string path = Start(LoadBody("o"));
  EXPECT_EQ(Put(path, "1,x\n", "bytes 0-3/12").Header("Range"), "bytes=0-3");
  EXPECT_EQ(Put(path, "3,z\n", "bytes 8-11/12").Header("Range"), "bytes=0-3");
  EXPECT_EQ(Put(path, "1,x\n2,y\n", "bytes 0-7/12").Header("Range"), "bytes=0-7");
  EXPECT_EQ(Put(path, "1,x\n", "bytes 0-3/12").Header("Range"), "bytes=0-7");
  EXPECT_EQ(Put(path, "3,z\n", "bytes 8-11/12").status, 200);
  EXPECT_EQ(Wait("o").At("/statistics/load/outputRows"), "3");
}

TEST_F(UploadTest, GoClientsGetTheirFormOfIncomplete) {
  const std::string path = Start(LoadBody("go"));
  const Reply reply = api_->Send(kPut, path, "1,x\n",
                                 {{"Content-Range", "bytes 0-3/*"}, {"X-GUploader-No-308", "yes"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("X-HTTP-Status-Code-Override"), "308");
}

// Node's client repeats it there.
TEST_F(UploadTest, TheJobsLocationMayStandInTheLoadToo) {
  EXPECT_EQ(Put(Start(LoadBody("us", R"("location":"US",)")), "1,x\n", "").status, 200);
  const Reply other = api_->Send(kPost, "/upload/bigquery/v2/projects/p/jobs?uploadType=resumable",
                                 LoadBody("eu", R"("location":"EU",)"));
  EXPECT_EQ(other.status, 400);
  EXPECT_THAT(other.At("/error/message"), HasSubstr("location"));
}

TEST_F(UploadTest, BadUploadsAreRefused) {
  const std::string path = Start(LoadBody("b"), {{"X-Upload-Content-Length", "8"}});
  EXPECT_EQ(Put(path, "1,x\n", "bytes 0-3/9").At("/error/errors/0/location"), "Content-Range");
  EXPECT_EQ(Put(path, "1,x\n", "lines 0-3/8").status, 400);
  EXPECT_EQ(Put(path, "1,x\n2,y\n3,z\n", "").status, 400);  // more than announced
  const std::string jobs = "/upload/bigquery/v2/projects/p/jobs";
  EXPECT_EQ(api_->Send(kPut, jobs + "?upload_id=0123", "x").status, 404);
  EXPECT_EQ(api_->Send(kPost, jobs, "{}").Reason(), "required");
  EXPECT_EQ(api_->Send(kPost, jobs + "?uploadType=media", "{}").Reason(), "invalidParameter");
  const Reply both = api_->Send(kPost, jobs + "?uploadType=resumable",
                                LoadBody("c", R"("sourceUris":["gs://b/o"],)"));
  EXPECT_EQ(both.status, 400);
  EXPECT_THAT(both.body, HasSubstr("sourceUris"));
  const Reply query =
      api_->Send(kPost, jobs + "?uploadType=resumable",
                 R"({"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}})");
  EXPECT_THAT(query.body, HasSubstr("only a load job takes an upload"));
}

TEST_F(UploadTest, ACancelledUploadIsGone) {
  const std::string path = Start(LoadBody("x"));
  EXPECT_EQ(api_->Send(kDelete, path).status, 499);
  EXPECT_EQ(Put(path, "1,x\n", "bytes 0-3/4").status, 404);
}

TEST_F(UploadTest, AJobIdThatIsTakenIsADuplicateAndLoadsNothing) {
  ASSERT_EQ(Put(Start(LoadBody("dup")), "1,x\n", "").status, 200);
  (void)Wait("dup");
  const Reply second = Put(Start(LoadBody("dup")), "2,y\n", "");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.Reason(), "duplicate");
  EXPECT_EQ(CountRows(), "1");
}

TEST_F(UploadTest, ABadRowFailsTheJobNotTheRequest) {
  ASSERT_EQ(Put(Start(LoadBody("bad")), "1,x\nz,y\n", "").status, 200);
  const Reply job = Wait("bad");
  EXPECT_EQ(job.status, 200);
  EXPECT_EQ(job.At("/status/errorResult/reason"), "invalid");
  EXPECT_NE(job.At("/status/errors/0"), "");
  EXPECT_EQ(api_->Get("/queries/bad").status, 400);  // a load has no rows
}

}  // namespace
}  // namespace landfall::api::bigquery_json
