// Holds, retention and the rules for a bucket's settings (spec: storage sections 3.1 and 13). Pure.
// Private to storage.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/status.h"
#include "storage/storage.h"

namespace landfall::storage {

// The earliest instant at which the version may go; nullopt when nothing says, or while an
// event-based hold keeps the clock from starting.
std::optional<TimePoint> RetentionExpiration(const Bucket& bucket, const Object& object);

// Whether the version may be deleted, overwritten or archived now.
Status CheckReleasable(const Bucket& bucket, const Object& object, TimePoint now,
                       bool enforce_bucket_retention);

// All rules of one bucket's settings.
Status CheckBucket(const Bucket& bucket);
// Whether `after` may follow `before`; fills the times that a change of settings sets.
Status CheckBucketChange(const Bucket& before, Bucket& after, TimePoint now);

// The object's own retention: needs a bucket that allows it and an instant in the future.
Status CheckObjectRetention(const Bucket& bucket, const ObjectAttributes& attributes,
                            TimePoint now);
// A LOCKED retention only grows; an UNLOCKED one shrinks with the override only.
Status CheckRetentionChange(const std::optional<ObjectRetention>& before,
                            const std::optional<ObjectRetention>& after, bool override_unlocked,
                            TimePoint now);

}  // namespace landfall::storage
