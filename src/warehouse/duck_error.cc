#include "base/text.h"
#include "warehouse/duck.h"

namespace landfall::warehouse {
namespace {

constexpr std::string_view kOurs = "LF: ";

// What DuckDB writes in front of ": ", and whose fault it is.
enum class Blame : std::uint8_t { kUser, kConflict, kMemory, kInterrupt, kIo, kUs };
struct Kind {
  std::string_view prefix;
  Blame blame;
};
constexpr Kind kKinds[] = {
    {"Conversion Error", Blame::kUser},
    {"Out of Range Error", Blame::kUser},
    {"Invalid Input Error", Blame::kUser},
    {"Divide by Zero Error", Blame::kUser},
    {"Mismatch Type Error", Blame::kUser},
    {"Constraint Error", Blame::kUser},
    {"Decimal Error", Blame::kUser},
    {"Invalid Error", Blame::kUser},
    {"Invalid type Error", Blame::kUser},
    {"Object Size Error", Blame::kUser},
    {"TransactionContext Error", Blame::kConflict},
    {"Out of Memory Error", Blame::kMemory},
    {"INTERRUPT Error", Blame::kInterrupt},
    {"IO Error", Blame::kIo},
};

// DuckDB appends the offending line of our rendered SQL, which means nothing to the user.
std::string_view FirstParagraph(std::string_view text) {
  return Trim(text.substr(0, text.find("\n\nLINE ")));
}

// "NOT NULL constraint failed: t.a" in BigQuery's words.
std::string UserMessage(std::string_view message) {
  constexpr std::string_view kNotNull = "NOT NULL constraint failed: ";
  if (message.starts_with(kNotNull)) {
    const std::string_view path = message.substr(kNotNull.size());
    return "Required field " + std::string(path.substr(path.rfind('.') + 1)) + " cannot be null";
  }
  return std::string(message);
}

}  // namespace

Status DuckError(std::string_view text) {
  if (const std::size_t ours = text.find(kOurs); ours != std::string_view::npos) {
    return InvalidArgument(std::string(FirstParagraph(text.substr(ours + kOurs.size()))),
                           "invalidQuery", "query");
  }
  const std::size_t colon = text.find(": ");
  const std::string_view prefix =
      colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  const std::string_view message =
      FirstParagraph(colon == std::string_view::npos ? text : text.substr(colon + 2));
  Blame blame = Blame::kUs;
  for (const Kind& kind : kKinds) {
    if (kind.prefix == prefix) blame = kind.blame;
  }
  // A commit that fails wraps the real cause: "TransactionContext Error: Failed to commit: ...".
  const bool disk_full = message.find("No space left on device") != std::string_view::npos;
  if (disk_full)
    return ResourceExhausted("the warehouse's disk is full: " + std::string(message), "diskFull");
  switch (blame) {
    case Blame::kUser:
      return InvalidArgument(UserMessage(message), "invalidQuery", "query");
    case Blame::kConflict:
      return Aborted(std::string(message), "conflict");
    case Blame::kMemory:
      return ResourceExhausted("Resources exceeded: " + std::string(message), "resourcesExceeded");
    case Blame::kInterrupt:
      return Cancelled("the query was interrupted", "stopped");
    case Blame::kIo:
      if (message.find("Could not set lock on file") != std::string_view::npos) {
        return FailedPrecondition(std::string(message), "locked");
      }
      return Unavailable("warehouse file: " + std::string(message));
    case Blame::kUs:
      break;
  }
  return Internal("warehouse engine: " + std::string(FirstParagraph(text)));
}

}  // namespace landfall::warehouse
