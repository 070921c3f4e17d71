// landfall demo
#include "cli/demo.h"

#include <poll.h>

#include <chrono>
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

constexpr std::string_view kBucket = "landfall-demo";
constexpr std::string_view kDataDir = "deps/node_modules/vega-datasets/data";
constexpr std::chrono::seconds kLoadWaitMax{120};
constexpr int kPollMs = 20;

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

// Again is fine: the demo may run twice against one server.
Status OkWhenThere(const Result<Json>& made) {
  return made.ok() || made.status().reason() == "409" ? Status() : made.status();
}

Status MakeResources(Client& client, const DemoPlan& plan) {
  const std::string project = PercentEncode(TRY(client.Project()));
  TRY(OkWhenThere(client.Post("/storage/v1/b?project=" + project, JsonObject{{"name", kBucket}})));
  const std::string datasets = "/bigquery/v2/projects/" + project + "/datasets";
  TRY(OkWhenThere(
      client.Post(datasets, JsonObject{{"datasetReference", {{"datasetId", "demo"}}}})));
  for (const DemoTable& table : plan.tables) {
    TRY(OkWhenThere(client.Post(datasets + "/demo/tables", TRY(ParseJson(table.resource_json)))));
  }
  return {};
}

Status UploadText(Client& client, const std::string& name, const std::string& bytes,
                  const std::string& type) {
  StringSource source(bytes);
  return client
      .Insert({.bucket = std::string(kBucket),
               .name = name,
               .content_type = type,
               .body = &source,
               .bytes = bytes.size()})
      .status();
}

// Loads of the demo's bucket that are neither done nor failed.
Result<std::int64_t> OpenLoads(Client& client) {
  const QueryAnswer answer = TRY(RunQuery(client,
                                          "SELECT COUNTIF(status NOT IN ('DONE', 'FAILED')), "
                                          "COUNT(*) FROM landfall_system.loads WHERE bucket = '" +
                                              std::string(kBucket) + "'"));
  const JsonArray& cells = answer.rows.at(0).get_object().at("f").get_array();
  const std::string open(cells.at(0).get_object().at("v").get_string());
  return ParseInt64(open).value_or(0);
}

Result<bool> AllSeen(Client& client, const DemoPlan& plan) {
  std::string names;
  for (const std::string& marker : plan.markers)
    names += (names.empty() ? "'" : ", '") + marker + "'";
  const QueryAnswer answer = TRY(
      RunQuery(client, "SELECT COUNT(DISTINCT object) FROM landfall_system.loads WHERE bucket = '" +
                           std::string(kBucket) + "' AND object IN (" + names + ")"));
  const Json& count = answer.rows.at(0).get_object().at("f").get_array().at(0).get_object().at("v");
  return ParseInt64(std::string_view(count.get_string())) ==
         static_cast<std::int64_t>(plan.markers.size());
}

Status WaitForLoads(Client& client, const DemoPlan& plan) {
  const auto give_up = std::chrono::steady_clock::now() + kLoadWaitMax;
  while (!TRY(AllSeen(client, plan)) || TRY(OpenLoads(client)) > 0) {
    if (std::chrono::steady_clock::now() > give_up) {
      return DeadlineExceeded("the loads did not end within two minutes; see landfall loads");
    }
    poll(nullptr, 0, kPollMs);
  }
  return {};
}

Status Show(Client& client, const std::string& title, const std::string& sql) {
  Say("\n" + title + "\n");
  std::fputs(Render(TRY(RunQuery(client, sql)), Format::kTable).c_str(), stdout);
  return {};
}

Status ShowResults(Client& client) {
  TRY(Show(client, "What was loaded: one line per batch, in = good + bad + duplicate + filtered.",
           "SELECT status, `table`, `partition`, file_count AS files, rows_in AS `in`, rows_good "
           "AS good, rows_bad AS bad, "
           "rows_duplicate AS duplicate, rows_filtered AS filtered, "
           "rows_in = rows_good + rows_bad + rows_duplicate + rows_filtered AS adds_up "
           "FROM landfall_system.loads WHERE bucket = '" +
               std::string(kBucket) + "' ORDER BY `table`, `partition`, seen_at"));
  TRY(Show(client,
           "The bad rows stand beside the table (demo.movies__bad), with reason and position.",
           "SELECT record_no, byte_offset, code, `column`, "
           "SUBSTR(SAFE_CONVERT_BYTES_TO_STRING(raw), 1, 48) AS raw FROM "
           "demo.movies__bad "
           "ORDER BY record_no LIMIT 5"));
  TRY(Show(
      client, "A question to the tables: the busiest routes and their delays.",
      "SELECT f.origin, a.city, COUNT(*) AS flights, ROUND(AVG(f.delay), 1) AS mean_delay_minutes "
      "FROM demo.flights AS f JOIN demo.airports AS a ON a.iata = f.origin "
      "GROUP BY f.origin, a.city ORDER BY flights DESC LIMIT 5"));
  TRY(Show(client, "Three million rows of Parquet, counted.",
           "SELECT COUNT(*) AS flights FROM demo.flights_3m"));
  return {};
}

Status Demo(const Call& call) {
  const DemoPlan plan = TRY(MakeDemoPlan(call.Get("data", kDataDir)));
  Client client = TRY(Client::FromCall(call));
  const auto start = std::chrono::steady_clock::now();
  TRY(MakeResources(client, plan));
  std::uint64_t bytes = 0;
  for (const DemoObject& object : plan.objects) {
    TRY(UploadText(client, object.name, object.bytes, object.content_type).Annotate(object.name));
    bytes += object.bytes.size();
  }
  Say("Uploaded " + std::to_string(plan.objects.size()) + " files (" + HumanBytes(bytes) +
      ") to gs://" + std::string(kBucket) + "/demo/.");
  for (const std::string& marker : plan.markers)
    TRY(UploadText(client, marker, "", "application/octet-stream"));
  Say("Dropped " + std::to_string(plan.markers.size()) +
      " _SUCCESS markers; each closes one batch.");
  TRY(WaitForLoads(client, plan));
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now() - start)
                      .count();
  Say("All batches are decided, " + std::to_string(ms) + " ms after the first byte was sent.");
  TRY(ShowResults(client));
  Say("\nLook further:\n"
      "  landfall query 'SELECT * FROM demo.weather LIMIT 5'\n"
      "  landfall loads\n"
      "  landfall explain gs://landfall-demo/demo/movies/_SUCCESS\n"
      "  landfall ls -l gs://landfall-demo/demo/flights/\n"
      "Any Google Cloud client works too: STORAGE_EMULATOR_HOST=" +
      client.server() + " BIGQUERY_EMULATOR_HOST=" + client.server());
  return {};
}

}  // namespace

std::vector<Command> DemoCommands() {
  return {
      {.name = "demo",
       .words = "",
       .summary =
           "load real files as _SUCCESS batches into a running server and show what happened",
       .words_min = 0,
       .words_max = 0,
       .flags = {{"data", "DIR",
                  "files of the npm package vega-datasets (deps/node_modules/vega-datasets/data)"}},
       .run = Demo}};
}

}  // namespace landfall::cli
