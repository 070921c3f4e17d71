// landfall ingest create, list, delete
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

Result<std::string> RulesPath(Client& client) {
  return "/landfall/v1/projects/" + PercentEncode(TRY(client.Project())) + "/ingestRules";
}

// "NAME=value,NAME=value"; a value may hold commas when it is the last one.
Result<JsonObject> Variables(const std::string& text) {
  JsonObject variables;
  if (text.empty()) return variables;
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return Usage("--set takes NAME=value");
  variables[text.substr(0, equals)] = text.substr(equals + 1);
  return variables;
}

Status Create(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  JsonObject rule = {
      {"id", call.words[0]}, {"bucket", call.Get("bucket", "*")}, {"prefix", call.Get("prefix")}};
  JsonObject variables = TRY(Variables(call.Get("set")));
  for (std::size_t i = 1; i < call.words.size(); ++i) {
    for (const auto& member : TRY(Variables(call.words[i])))
      variables[member.key()] = member.value();
  }
  rule["variables"] = std::move(variables);
  TRY(client.Post(TRY(RulesPath(client)), rule));
  return {};
}

Status ListRules(const Call& call) {
  const Format format = TRY(FormatOf(call));
  Client client = TRY(Client::FromCall(call));
  const Json answer = TRY(client.Get(TRY(RulesPath(client))));
  if (format == Format::kJson) {
    std::printf("%s\n", ToText(answer).c_str());
    return {};
  }
  if (format == Format::kCsv) return Usage("ingest list prints table or json");
  TextTable table;
  table.header = {"id", "bucket", "prefix", "variables"};
  if (const JsonArray* rules = TRY(ArrayMember(answer.get_object(), "ingestRules"))) {
    for (const Json& rule : *rules) {
      const JsonObject& object = rule.get_object();
      const Json* variables = Find(object, "variables");
      table.rows.push_back({TRY(StringMember(object, "id")), TRY(StringMember(object, "bucket")),
                            TRY(StringMember(object, "prefix")).value_or(""),
                            variables == nullptr ? "" : ToText(*variables)});
    }
  }
  std::fputs(RenderTable(table).c_str(), stdout);
  return {};
}

Status DeleteRule(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  return client.Delete(TRY(RulesPath(client)) + "/" + PercentEncode(call.words[0]));
}

}  // namespace

std::vector<Command> IngestCommands() {
  return {{.name = "ingest create",
           .words = "ID [NAME=value ...]",
           .summary = "make a load rule; words after the id set its variables (SUCCESS_FILENAME, "
                      "DESTINATION_REGEX, ...)",
           .words_min = 1,
           .words_max = 64,
           .flags = {{"bucket", "BUCKET", "watch this bucket; * is every one (*)"},
                     {"prefix", "PREFIX", "only objects whose names start so"},
                     {"set", "NAME=value", "one variable"}},
           .run = Create},
          {.name = "ingest list",
           .words = "",
           .summary = "list the load rules",
           .words_min = 0,
           .words_max = 0,
           .flags = {kFormatFlag},
           .run = ListRules},
          {.name = "ingest delete",
           .words = "ID",
           .summary = "delete a load rule",
           .words_min = 1,
           .words_max = 1,
           .flags = {},
           .run = DeleteRule}};
}

}  // namespace landfall::cli
