#include <gtest/gtest.h>

#include "api/api.h"
#include "base/json.h"
#include "ingest/ingest.h"

namespace landfall::api {
namespace {

// Remembers what it was asked; answers as it was told.
class FakeIngest final : public ingest::Ingest {
 public:
  Result<ingest::Rule> CreateRule(const CallContext&, ingest::Rule rule) override {
    last_rule = rule;
    if (rule.id == "taken") return AlreadyExists("rule exists");
    return rule;
  }
  Result<ingest::Rule> GetRule(const CallContext&, std::string_view project,
                               std::string_view id) override {
    if (id != "r") return NotFound("no such rule");
    ingest::Rule rule;
    rule.project = std::string(project);
    rule.id = std::string(id);
    return rule;
  }
  Result<std::vector<ingest::Rule>> ListRules(const CallContext& ctx,
                                              std::string_view project) override {
    return std::vector{GetRule(ctx, project, "r").value()};
  }
  Status DeleteRule(const CallContext& ctx, std::string_view project,
                    std::string_view id) override {
    return GetRule(ctx, project, id).status();
  }
  Result<ingest::NotifyOutcome> Notify(const CallContext&, const Json& body,
                                       const std::map<std::string, std::string>& headers) override {
    last_headers = headers;
    if (!body.is_object()) return InvalidArgument("UnexpectedTrigger: ...", "UnexpectedTrigger");
    return ingest::NotifyOutcome{.acts = true, .duplicate = true, .reason = "seen before"};
  }
  Result<std::vector<warehouse::LoadRecord>> Loads(const CallContext&,
                                                   const warehouse::LoadFilter& filter) override {
    last_filter = filter;
    warehouse::LoadRecord load;
    load.key = {"b", "d/t/_SUCCESS", 1234567890123456};
    load.rows_in = 25;
    load.jobs = {{"p", "job-1", "EU"}};
    return std::vector{load};
  }
  Result<Json> Explain(const CallContext&, std::string_view project, std::string_view bucket,
                       std::string_view object) override {
    return Json(JsonObject{
        {"asked", std::string(project) + " " + std::string(bucket) + " " + std::string(object)}});
  }
  bool Wants(const storage::ObjectChange&) const override { return false; }

  ingest::Rule last_rule;
  warehouse::LoadFilter last_filter;
  std::map<std::string, std::string> last_headers;
};

class LandfallJson : public ::testing::Test {
 protected:
  void SetUp() override { Open(false); }
  void Open(bool faults_open) {
    router_ = std::make_unique<net::Router>();
    router_->Add(
        MakeLandfallJson({.default_project = "dp", .faults_open = faults_open}, ingest_, faults_));
    router_->Add(MakeOperations(metrics_, [this] { return ready_; }));
  }
  int Send(net::Method method, std::string target, std::string body = "",
           net::Headers headers = {}) {
    net::Request request;
    request.method = method;
    request.target = std::move(target);
    request.headers = std::move(headers);
    StringSource source(std::move(body));
    request.body = &source;
    const net::Response response = router_->Dispatch(request);
    text_ = std::get<std::string>(response.body);
    return response.status;
  }
  JsonObject Answer() { return ParseJson(text_).value().as_object(); }

  FakeIngest ingest_;
  Faults faults_;
  Metrics metrics_;
  bool ready_ = true;
  std::unique_ptr<net::Router> router_;
  std::string text_;
};
constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kDelete = net::Method::kDelete;

TEST_F(LandfallJson, RulesAreMadeReadAndDeleted) {
  EXPECT_EQ(Send(kPost, "/landfall/v1/projects/p/ingestRules",
                 R"({"id":"r","bucket":"b","prefix":"x/",)"
                 R"("variables":{"MAX_BATCH_BYTES":5,"SUCCESS_FILENAME":"_DONE"}})"),
            200)
      << text_;
  EXPECT_EQ(ingest_.last_rule.project, "p");
  EXPECT_EQ(ingest_.last_rule.variables.at("MAX_BATCH_BYTES"), "5");
  EXPECT_EQ(Answer().at("prefix").as_string(), "x/");
  EXPECT_EQ(Send(kGet, "/landfall/v1/projects/p/ingestRules/r"), 200);
  EXPECT_EQ(Send(kGet, "/landfall/v1/projects/p/ingestRules"), 200);
  EXPECT_EQ(Answer().at("ingestRules").as_array().size(), 1u);
  EXPECT_EQ(Send(kDelete, "/landfall/v1/projects/p/ingestRules/r"), 200);
}

TEST_F(LandfallJson, BadRulesAreRefused) {
  EXPECT_EQ(Send(kPost, "/landfall/v1/projects/p/ingestRules", R"({"id":"r","bukket":"b"})"), 400);
  EXPECT_NE(text_.find("did you mean \\\"bucket\\\""), std::string::npos) << text_;
  EXPECT_EQ(Send(kPost, "/landfall/v1/projects/p/ingestRules", "[]"), 400);
  EXPECT_EQ(Send(kPost, "/landfall/v1/projects/p/ingestRules", "{"), 400);
  EXPECT_EQ(Send(kPost, "/landfall/v1/projects/p/ingestRules", R"({"id":"taken"})"), 409);
  EXPECT_EQ(Send(kGet, "/landfall/v1/projects/p/ingestRules/x"), 404);
  EXPECT_EQ(Send(kDelete, "/landfall/v1/projects/p/ingestRules/x"), 404);
}

TEST_F(LandfallJson, NotifySaysWhatHappened) {
  net::Headers headers;
  headers.Set("Ce-Type", "google.cloud.storage.object.v1.finalized");
  headers.Set("Content-Type", "application/json");
  EXPECT_EQ(Send(kPost, "/landfall/v1/ingest:notify", "{}", headers), 200);
  EXPECT_TRUE(Answer().at("duplicate").as_bool());
  EXPECT_EQ(ingest_.last_headers.size(), 1u);
  EXPECT_EQ(ingest_.last_headers.at("ce-type"), "google.cloud.storage.object.v1.finalized");
  EXPECT_EQ(Send(kPost, "/landfall/v1/ingest:notify", "[]"), 400);
  EXPECT_NE(text_.find("UnexpectedTrigger"), std::string::npos);
}

TEST_F(LandfallJson, ExplainTakesAUri) {
  EXPECT_EQ(Send(kGet, "/landfall/v1/explain?uri=gs%3A%2F%2Fb%2Fd%2Ft%2F_SUCCESS"), 200);
  EXPECT_EQ(Answer().at("asked").as_string(), "dp b d/t/_SUCCESS");
  EXPECT_EQ(Send(kGet, "/landfall/v1/explain?project=q&uri=gs://b/o"), 200);
  EXPECT_EQ(Answer().at("asked").as_string(), "q b o");
  for (const char* bad :
       {"", "?uri=", "?uri=gs://b", "?uri=gs://b/", "?uri=gs:///o", "?uri=/b/o"}) {
    EXPECT_EQ(Send(kGet, std::string("/landfall/v1/explain") + bad), 400) << bad;
  }
}

TEST_F(LandfallJson, LoadsShowTheAccounting) {
  EXPECT_EQ(Send(kGet, "/landfall/v1/projects/p/loads?table=d.t&state=committed&limit=5"), 200)
      << text_;
  EXPECT_EQ(ingest_.last_filter.project, "p");
  EXPECT_EQ(ingest_.last_filter.dataset, "d");
  EXPECT_EQ(ingest_.last_filter.table, "t");
  EXPECT_EQ(ingest_.last_filter.state, "committed");
  EXPECT_EQ(ingest_.last_filter.limit, 5u);
  const JsonObject answer = Answer();
  const JsonObject load = answer.at("loads").as_array().at(0).as_object();
  EXPECT_EQ(load.at("generation").as_string(), "1234567890123456");
  EXPECT_EQ(load.at("rows_in").as_int64(), 25);
  EXPECT_EQ(load.at("jobs").at(0).at("location").as_string(), "EU");
  EXPECT_EQ(Send(kGet, "/landfall/v1/projects/p/loads?limit=0"), 400);
}

TEST_F(LandfallJson, FaultsAreOpenOnlyWhenTold) {
  EXPECT_EQ(Send(kPost, "/landfall/v1/faults", R"({"point":"storage.read","count":1})"), 404);
  EXPECT_TRUE(faults_.Hit("storage.read").ok());
  Open(true);
  EXPECT_EQ(Send(kPost, "/landfall/v1/faults", R"({"point":"storage.read","count":1})"), 200)
      << text_;
  EXPECT_FALSE(faults_.Hit("storage.read").ok());
  EXPECT_EQ(
      Send(kPost, "/landfall/v1/faults", R"({"point":"warehouse.commit","count":1,"table":"d.t"})"),
      200);
  EXPECT_TRUE(faults_.Hit("warehouse.commit", "d.u").ok());
  EXPECT_FALSE(faults_.Hit("warehouse.commit", "d.t").ok());
  EXPECT_EQ(Send(kPost, "/landfall/v1/faults", R"({"point":"no.such"})"), 400);
}

TEST_F(LandfallJson, Operations) {
  EXPECT_EQ(Send(kGet, "/healthz"), 200);
  EXPECT_EQ(Send(kGet, "/readyz"), 200);
  ready_ = false;
  EXPECT_EQ(Send(kGet, "/readyz"), 503);
  metrics_.AddCounter("landfall_test_total", "help").Add(3);
  EXPECT_EQ(Send(kGet, "/metrics"), 200);
  EXPECT_NE(text_.find("landfall_test_total 3"), std::string::npos);
  EXPECT_EQ(Send(kGet, "/"), 200);
  EXPECT_NE(text_.find("<h1>Landfall</h1>"), std::string::npos);
}

}  // namespace
}  // namespace landfall::api
