// landfall doctor
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"

namespace landfall::cli {
namespace {

constexpr std::int64_t kFreeBytesWarn = 1ll << 30;

void Line(bool good, const std::string& what, const std::string& detail) {
  std::printf("%-5s %-22s %s\n", good ? "ok" : "WARN", what.c_str(), detail.c_str());
}

Status CheckLoads(Client& client) {
  const QueryAnswer answer =
      TRY(RunQuery(client,
                   "SELECT COUNTIF(status = 'DONE') AS done, COUNTIF(status = 'FAILED') AS failed, "
                   "COUNTIF(status NOT IN ('DONE', 'FAILED', 'SKIPPED_DUPLICATE')) AS open FROM "
                   "landfall_system.loads"));
  if (answer.rows.size() != 1) return Internal("landfall_system.loads gave no counts");
  const JsonArray& cells = answer.rows[0].get_object().at("f").get_array();
  const auto cell = [&](std::size_t i) {
    return std::string(cells.at(i).get_object().at("v").get_string());
  };
  Line(cell(1) == "0", "loads",
       cell(0) + " done, " + cell(1) + " failed, " + cell(2) + " open" +
           (cell(1) == "0" ? "" : "; see landfall loads --status FAILED"));
  return {};
}

Status Doctor(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  const auto info = client.Get("/landfall/v1/server");
  if (!info.ok()) {
    Line(false, "server", client.server() + ": " + info.status().message());
    return FailedPrecondition("no server to examine; start one with landfall up");
  }
  const JsonObject& server = info->get_object();
  const std::string version = TRY(StringMember(server, "version")).value_or("?");
  const std::string profile = TRY(StringMember(server, "profile")).value_or("?");
  const std::int64_t free_bytes = TRY(Int64Member(server, "freeBytes")).value_or(0);
  Line(true, "server",
       client.server() + ", version " + version + ", project " +
           TRY(StringMember(server, "project")).value_or("?"));
  Line(profile == "default", "profile",
       profile == "default" ? profile : profile + ": fault injection is open to every client");
  Line(true, "data directory", TRY(StringMember(server, "dataDir")).value_or("?"));
  Line(free_bytes > kFreeBytesWarn, "free disk",
       HumanBytes(static_cast<std::uint64_t>(free_bytes)));
  return CheckLoads(client);
}

}  // namespace

std::vector<Command> DoctorCommands() {
  return {{.name = "doctor",
           .words = "",
           .summary = "check a running server and say what looks wrong",
           .words_min = 0,
           .words_max = 0,
           .flags = {},
           .run = Doctor}};
}

}  // namespace landfall::cli
