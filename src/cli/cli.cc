#include "cli/cli.h"

#include <cstdio>

#include "base/text.h"
#include "cli/command.h"

namespace landfall::cli {
namespace {

std::vector<Command> AllCommands() {
  std::vector<Command> all;
  for (auto* more : {QueryCommands, StorageCommands, TableCommands, RemoveCommands, LoadCommands,
                     IngestCommands, BackfillCommands, DoctorCommands, DemoCommands}) {
    for (Command& command : more()) all.push_back(std::move(command));
  }
  return all;
}

std::string TopHelp(const std::vector<Command>& all) {
  std::string text =
      "landfall: event-driven data pipelines on one machine, through Google Cloud's own APIs.\n\n"
      "Usage: landfall COMMAND [words] [flags]\n\n"
      "  up                       serve every API on one port\n";
  for (const Command& command : all) {
    std::string left = "  " + std::string(command.name);
    left.resize(std::max<std::size_t>(left.size() + 1, 27), ' ');
    const std::size_t sentence = command.summary.find(". ");
    text += left + std::string(command.summary.substr(0, sentence)) + "\n";
  }
  text += "\nlandfall COMMAND --help tells more.\n";
  return text;
}

// The command whose words begin `args`, longest name first, and how many words it took.
const Command* FindCommand(const std::vector<Command>& all, const std::vector<std::string>& args,
                           std::size_t* taken) {
  for (const std::size_t words : {std::size_t{2}, std::size_t{1}}) {
    if (args.size() < words) continue;
    const std::string name = words == 2 ? args[0] + " " + args[1] : args[0];
    for (const Command& command : all) {
      if (command.name == name) {
        *taken = words;
        return &command;
      }
    }
  }
  return nullptr;
}

int Complain(const std::string& message, int status) {
  std::fprintf(stderr, "landfall: %s\n", message.c_str());
  return status;
}

int UnknownCommand(const std::vector<Command>& all, const std::string& word) {
  std::vector<std::string_view> names = {"up"};
  for (const Command& command : all) names.push_back(command.name);
  const std::string_view near = Nearest(word, names);
  std::string message = "unknown command \"" + word + "\"";
  if (!near.empty()) message += "; did you mean \"" + std::string(near) + "\"?";
  return Complain(message + " See landfall --help.", 2);
}

}  // namespace

int Main(const std::vector<std::string>& args) {
  const std::vector<Command> all = AllCommands();
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    std::fputs(TopHelp(all).c_str(), args.empty() ? stderr : stdout);
    return args.empty() ? 2 : 0;
  }
  std::size_t taken = 0;
  const Command* command = FindCommand(all, args, &taken);
  if (command == nullptr) return UnknownCommand(all, args[0]);
  const Result<Call> call =
      ParseCall(*command, {args.begin() + static_cast<std::ptrdiff_t>(taken), args.end()});
  if (!call.ok()) return Complain(call.status().message(), 2);
  if (call->has("help")) {
    std::fputs(CommandHelp(*command).c_str(), stdout);
    return 0;
  }
  const Status status = command->run(*call);
  if (status.ok()) return 0;
  return Complain(status.message(), status.reason() == "usage" ? 2 : 1);
}

}  // namespace landfall::cli
