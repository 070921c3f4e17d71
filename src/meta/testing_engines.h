// Engines for the tests of meta: one in memory that can fail, and how to open each kept one.
// Private to meta's tests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "meta/engine.h"
#include "meta/engine_lmdb.h"

namespace landfall::meta {

// A snapshot is a copy. What was applied outlives the engine in `disk`, as a file would.
class MemoryEngine final : public Engine {
 public:
  struct Disk {
    Mutex mu;
    std::map<std::string, std::string, std::less<>> pairs GUARDED_BY(mu);
    Status next_apply GUARDED_BY(mu);  // an error: what Apply returns instead of writing
    int applies GUARDED_BY(mu) = 0;
  };
  explicit MemoryEngine(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  Result<std::unique_ptr<Reader>> Snapshot() override {
    const MutexLock lock(disk_->mu);
    return std::unique_ptr<Reader>(std::make_unique<Copy>(disk_->pairs));
  }
  Status Apply(const WriteMap& writes) override {
    const MutexLock lock(disk_->mu);
    TRY(disk_->next_apply);
    ++disk_->applies;
    for (const auto& [key, value] : writes) {
      if (value) {
        disk_->pairs.insert_or_assign(key, *value);
      } else {
        disk_->pairs.erase(key);
      }
    }
    return {};
  }
  std::uint64_t SizeBytes() override { return 1; }

 private:
  class Copy final : public Reader {
   public:
    explicit Copy(std::map<std::string, std::string, std::less<>> pairs)
        : pairs_(std::move(pairs)) {}
    Result<std::optional<std::string>> Get(std::string_view key) override {
      const auto at = pairs_.find(key);
      if (at == pairs_.end()) return std::optional<std::string>();
      return std::optional(at->second);
    }
    Status Scan(const KeyRange& range, const Visitor& visit) override {
      for (auto at = pairs_.lower_bound(range.begin); at != pairs_.end(); ++at) {
        if (!range.end.empty() && at->first >= range.end) break;
        if (!visit(at->first, at->second)) break;
      }
      return {};
    }

   private:
    std::map<std::string, std::string, std::less<>> pairs_;
  };

  std::shared_ptr<Disk> disk_;
};

// Opens the engine that keeps its data in `dir` (made); the same `dir` again is a reopen.
struct EngineKind {
  std::string name;
  std::function<std::unique_ptr<Engine>(const std::string& dir)> open;
};
// Every kept engine, and the one in memory.
std::vector<EngineKind> AllEngines();
std::string FreshDir(const std::string& name);

}  // namespace landfall::meta
