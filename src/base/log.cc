#include "base/log.h"

#include <unistd.h>

#include "base/json.h"

namespace landfall {
namespace {

constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARNING",
                                       "ERROR"};  // Cloud Logging's LogSeverity

Json ToJson(const LogField& field) {
  return std::visit([](const auto& v) { return Json(v); }, field.value);
}

}  // namespace

Result<Severity> ParseSeverity(std::string_view name) {
  if (name == "debug") return Severity::kDebug;
  if (name == "info") return Severity::kInfo;
  if (name == "warn") return Severity::kWarn;
  if (name == "error") return Severity::kError;
  if (name == "off") return Severity::kOff;
  return InvalidArgument("log level \"" + std::string(name) +
                         "\" is not one of debug, info, warn, error, off");
}

void Log::Emit(Severity severity, std::string_view event, LogFields fields) {
  if (!enabled(severity)) return;
  JsonObject line;
  line["time"] = FormatRfc3339(Now(), Fraction::kMicros);
  line["severity"] = kNames[static_cast<std::size_t>(severity)];
  line["event"] = event;
  for (const LogField& field : fields) line[field.key] = ToJson(field);
  WriteLine(ToText(line));
}

void StderrLog::WriteLine(const std::string& line) {
  const std::string whole = line + "\n";  // one write, so that lines of threads do not mix
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace landfall
