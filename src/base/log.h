// One JSON object per line: time, severity, event, then fields. Injected; tests capture it.
// Thread-safe.
//   log.Info("object_written", {{"bucket", bucket}, {"bytes", size}});
// Error: a human must act. Warn: we degraded. Info: state changed. Debug: off unless asked for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace landfall {

enum class Severity : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
Result<Severity> ParseSeverity(std::string_view name);  // debug, info, warn, error, off

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  LogField(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}

  std::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
};
using LogFields = std::initializer_list<LogField>;

class Log {
 public:
  explicit Log(Severity least) : least_(least) {}
  virtual ~Log() = default;
  bool enabled(Severity severity) const { return severity >= least_; }
  void Debug(std::string_view event, LogFields fields = {}) {
    Emit(Severity::kDebug, event, fields);
  }
  void Info(std::string_view event, LogFields fields = {}) { Emit(Severity::kInfo, event, fields); }
  void Warn(std::string_view event, LogFields fields = {}) { Emit(Severity::kWarn, event, fields); }
  void Error(std::string_view event, LogFields fields = {}) {
    Emit(Severity::kError, event, fields);
  }

 protected:
  virtual void WriteLine(const std::string& line) = 0;  // without the newline
  virtual TimePoint Now() = 0;

 private:
  void Emit(Severity severity, std::string_view event, LogFields fields);
  const Severity least_;
};

class StderrLog final : public Log {
 public:
  StderrLog(Severity least, Clock& clock) : Log(least), clock_(clock) {}

 protected:
  void WriteLine(const std::string& line) override;
  TimePoint Now() override { return clock_.Now(); }

 private:
  Clock& clock_;
};

// Keeps the lines, for tests.
class CapturedLog final : public Log {
 public:
  CapturedLog() : Log(Severity::kDebug) {}
  std::vector<std::string> lines() {
    const MutexLock lock(mu_);
    return lines_;
  }

 protected:
  void WriteLine(const std::string& line) override {
    const MutexLock lock(mu_);
    lines_.push_back(line);
  }
  TimePoint Now() override { return TimePoint(); }

 private:
  Mutex mu_;
  std::vector<std::string> lines_ GUARDED_BY(mu_);
};

}  // namespace landfall
