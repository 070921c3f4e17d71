// landfall query
#include <cstdio>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

Status Query(const Call& call) {
  const Format format = TRY(FormatOf(call));
  Client client = TRY(Client::FromCall(call));
  const QueryAnswer answer = TRY(RunQuery(client, call.words[0]));
  if (answer.affected_rows >= 0) {
    std::fprintf(stderr, "%lld row(s) changed\n", static_cast<long long>(answer.affected_rows));
  }
  if (!answer.columns.empty()) std::fputs(Render(answer, format).c_str(), stdout);
  return {};
}

}  // namespace

std::vector<Command> QueryCommands() {
  return {{.name = "query",
           .words = "'SQL'",
           .summary = "run one GoogleSQL statement and print its rows",
           .words_min = 1,
           .words_max = 1,
           .flags = {kFormatFlag},
           .run = Query}};
}

}  // namespace landfall::cli
