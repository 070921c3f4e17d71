// What a bucket's lifecycle rules say about one version (spec: storage section 13.4). Pure. Private
// to storage.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "storage/storage.h"

namespace landfall::storage {

struct LifecycleVerdict {
  bool remove = false;             // Delete wins over SetStorageClass
  std::string storage_class = {};  // empty: stays
  bool any() const { return remove || !storage_class.empty(); }
};

// `newer_versions` is asked only when a rule needs it.
Result<LifecycleVerdict> JudgeByLifecycle(
    const Bucket& bucket, const Object& object, TimePoint now,
    const std::function<Result<std::int64_t>()>& newer_versions);

}  // namespace landfall::storage
