// The BigQuery adapter behind a router, over a real warehouse or a stub; requests are made by hand.
// For tests only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/faults.h"
#include "base/json.h"
#include "base/random.h"
#include "net/net.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

struct Reply {
  int status = 0;
  net::Headers headers = {};
  std::string body = {};
  Json json = {};  // null when the body is none

  std::string Header(std::string_view name) const {
    return std::string(headers.Get(name).value_or(""));
  }
  // The text at a JSON pointer, "/error/errors/0/reason"; other values as JSON; "" when there is
  // none.
  std::string At(std::string_view pointer) const {
    boost::system::error_code missing;
    const Json* const value = json.find_pointer(pointer, missing);
    if (value == nullptr) return "";
    return value->is_string() ? std::string(value->get_string()) : ToText(*value);
  }
  std::string Reason() const { return At("/error/errors/0/reason"); }
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

class Caller {
 public:
  explicit Caller(warehouse::Warehouse& warehouse, Clock& clock) {
    router_.Add(MakeBigQueryJson(warehouse, clock,
                                 {.default_project = "p", .spool_dir = ::testing::TempDir()}));
  }
  Reply Send(net::Method method, std::string target, std::string body = {},
             const HeaderList& headers = {}) {
    StringSource source(body);
    net::Request request;
    request.method = method;
    request.target = std::move(target);
    request.headers.Set("Host", "localhost:8080");
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    request.content_length = body.size();
    request.body = &source;
    const net::Response response = router_.Dispatch(request);
    Reply reply{response.status, response.headers, std::get<std::string>(response.body), {}};
    if (auto json = ParseJson(reply.body); json.ok()) reply.json = std::move(json).value();
    return reply;
  }
  // Paths behind /bigquery/v2/projects/p.
  Reply Get(const std::string& path) { return Send(net::Method::kGet, kBase + path); }
  Reply Post(const std::string& path, std::string body) {
    return Send(net::Method::kPost, kBase + path, std::move(body));
  }
  Reply Patch(const std::string& path, std::string body, const HeaderList& headers = {}) {
    return Send(net::Method::kPatch, kBase + path, std::move(body), headers);
  }
  Reply Put(const std::string& path, std::string body) {
    return Send(net::Method::kPut, kBase + path, std::move(body));
  }
  Reply Delete(const std::string& path) { return Send(net::Method::kDelete, kBase + path); }

  const std::string kBase = "/bigquery/v2/projects/p";

 private:
  net::Router router_;
};

class NoObjects final : public warehouse::ObjectSource {
 public:
  Result<std::vector<warehouse::SourceObject>> Expand(std::string_view uri) override {
    return NotFound("Not found: URI " + std::string(uri));
  }
  Result<std::shared_ptr<ReadableFile>> Open(const warehouse::SourceObject&) override {
    return NotFound("no objects");
  }
};

class BigQueryTest : public ::testing::Test {
 protected:
  BigQueryTest() {
    dir_ = ::testing::TempDir() + "landfall-bq-" + RandomHex(random_, 8);
    std::filesystem::create_directories(dir_);
    auto opened = warehouse::Open({.dir = dir_, .workers_max = 2, .threads = 1}, objects_, *files_,
                                  clock_, random_, faults_, log_, metrics_);
    CHECK_OK(opened.status());
    warehouse_ = std::move(opened).value();
    api_ = std::make_unique<Caller>(*warehouse_, clock_);
  }
  ~BigQueryTest() override {
    api_.reset();
    warehouse_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  void MakeDataset(const std::string& name) {
    const Reply made =
        api_->Post("/datasets", R"({"datasetReference":{"datasetId":")" + name + "\"}}");
    ASSERT_EQ(made.status, 200) << made.body;
  }
  // Of jobs.query; `more` are further members: R"("maxResults":2)".
  Reply Query(const std::string& sql, const std::string& more = {}) {
    JsonObject body{{"query", sql}, {"useLegacySql", false}, {"timeoutMs", 60000}};
    std::string text = ToText(body);
    if (!more.empty()) text.insert(text.size() - 1, "," + more);
    return api_->Post("/queries", text);
  }
  // Waits for the job; the answer of jobs.get.
  Reply Done(const std::string& job) {
    (void)api_->Get("/queries/" + job + "?maxResults=0&timeoutMs=60000");
    return api_->Get("/jobs/" + job);
  }

  SystemRandom random_;
  SystemClock clock_;
  NoObjects objects_;
  const std::unique_ptr<FileSystem> files_ = MakePosixFiles();
  Faults faults_;
  StderrLog log_{Severity::kError, clock_};
  Metrics metrics_;
  std::string dir_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<Caller> api_;
};

}  // namespace landfall::api::bigquery_json
