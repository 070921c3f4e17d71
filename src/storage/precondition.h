// Preconditions and ETags (spec: storage section 6). Pure. Private to storage.
#pragma once

#include <optional>

#include "base/status.h"
#include "storage/storage.h"

namespace landfall::storage {

enum class Access : std::uint8_t { kRead, kWrite };

// `live` is null when there is no such object. A broken *_not_match is "notModified" on a read.
Status CheckPrecondition(const Precondition& when, const Object* live, Access access);
// The generation conditions do not apply to buckets.
Status CheckPrecondition(const Precondition& when, const Bucket& bucket, Access access);

}  // namespace landfall::storage
