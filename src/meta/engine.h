// What a storage engine has to do for meta: snapshots to read from, and atomic durable batches.
// Private to meta. Keys and values arrive within the limits of meta.h. Apply is called by one
// thread at a time, the rest by any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "meta/meta.h"

namespace landfall::meta {

// The net writes of a group of changes in key order; nullopt deletes.
using WriteMap = std::map<std::string, std::optional<std::string>, std::less<>>;

class Engine {
 public:
  virtual ~Engine() = default;
  // The state after the last Apply that succeeded. kUnavailable when too many are open.
  virtual Result<std::unique_ptr<Reader>> Snapshot() = 0;
  // All of it durable on return, or nothing of it, also after a crash.
  // kResourceExhausted/"diskFull".
  virtual Status Apply(const WriteMap& writes) = 0;
  virtual std::uint64_t SizeBytes() = 0;
};

}  // namespace landfall::meta
