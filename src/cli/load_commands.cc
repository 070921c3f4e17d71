// landfall loads, explain
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

std::string SqlText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

Status Loads(const Call& call) {
  const Format format = TRY(FormatOf(call));
  const auto limit = ParseInt64(call.Get("limit", "50"));
  if (!limit || *limit < 1) return Usage("--limit is a positive number");
  Client client = TRY(Client::FromCall(call));
  std::string where = " WHERE TRUE";
  for (const std::string_view column : {"table", "dataset", "status", "state"}) {
    if (call.has(column))
      where += " AND `" + std::string(column) + "` = " + SqlText(call.Get(column));
  }
  const QueryAnswer answer =
      TRY(RunQuery(client,
                   "SELECT status, dataset, `table`, `partition`, batch_id, attempt, file_count, "
                   "rows_in, rows_good, rows_bad, "
                   "rows_duplicate, rows_filtered, CONCAT('gs://', bucket, '/', object) AS marker, "
                   "COALESCE(error, reason) AS reason "
                   "FROM landfall_system.loads" +
                       where + " ORDER BY seen_at DESC LIMIT " + std::to_string(*limit)));
  std::fputs(Render(answer, format).c_str(), stdout);
  return {};
}

std::string Plain(const Json& value) {
  return value.is_string() ? std::string(value.get_string()) : ToText(value);
}

// Rows of a list of objects, one column per member of the first.
std::string ListText(const JsonArray& list) {
  TextTable table;
  for (const auto& member : list.front().get_object()) table.header.emplace_back(member.key());
  for (const Json& item : list) {
    auto& line = table.rows.emplace_back();
    for (const std::string& name : table.header) {
      const Json* value = Find(item.get_object(), name);
      line.push_back(value == nullptr ? std::string() : Plain(*value));
    }
  }
  return RenderTable(table);
}

void PrintExplanation(const JsonObject& answer) {
  for (const auto& member : answer) {
    const Json& value = member.value();
    const std::string name(member.key());
    if (value.is_array()) {
      if (value.get_array().empty()) continue;
      const bool objects = value.get_array().front().is_object();
      std::printf("\n%s:\n%s", name.c_str(), objects ? ListText(value.get_array()).c_str() : "");
      if (!objects) {
        for (const Json& item : value.get_array()) std::printf("  %s\n", Plain(item).c_str());
      }
    } else if (!value.is_null() && Plain(value) != "") {
      std::printf("%-12s %s\n", name.c_str(), Plain(value).c_str());
    }
  }
}

Status Explain(const Call& call) {
  const GcsUrl url = TRY(ParseGcsUrl(call.words[0]));
  if (url.name.empty()) return Usage("explain takes an object: gs://BUCKET/NAME");
  const Format format = TRY(FormatOf(call));
  if (format == Format::kCsv) return Usage("explain prints table or json");
  Client client = TRY(Client::FromCall(call));
  const Json answer = TRY(client.Get("/landfall/v1/explain?uri=" + PercentEncode(call.words[0]) +
                                     "&project=" + PercentEncode(TRY(client.Project()))));
  if (format == Format::kJson) {
    std::printf("%s\n", ToText(answer).c_str());
  } else {
    PrintExplanation(answer.get_object());
  }
  return {};
}

}  // namespace

std::vector<Command> LoadCommands() {
  return {{.name = "loads",
           .words = "",
           .summary =
               "load state and accounting (in = good + bad + duplicate + filtered), newest first",
           .words_min = 0,
           .words_max = 0,
           .flags = {{"table", "TABLE", "only this table"},
                     {"dataset", "DATASET", "only this dataset"},
                     {"status", "STATUS",
                      "only this status: SEEN, CLAIMED, SUBMITTED, DONE, FAILED, ..."},
                     {"state", "STATE",
                      "only this state: seen, waiting, planned, loading, committed, ..."},
                     {"limit", "N", "at most N rows (50)"},
                     kFormatFlag},
           .run = Loads},
          {.name = "explain",
           .words = "gs://BUCKET/OBJECT",
           .summary = "why an object did or did not load, where it goes and what happens next; "
                      "also for objects that do "
                      "not exist yet",
           .words_min = 1,
           .words_max = 1,
           .flags = {kFormatFlag},
           .run = Explain}};
}

}  // namespace landfall::cli
