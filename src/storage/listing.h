// Listing by seeking: a page costs what it returns, whatever lies between. Private to storage.
#pragma once

#include <string_view>

#include "base/status.h"
#include "meta/meta.h"
#include "storage/storage.h"

namespace landfall::storage {

// The bucket must exist.
Result<ObjectPage> ListObjects(meta::Reader& reader, std::string_view bucket,
                               const ListOptions& options);

// With noncurrent versions, or only the soft-deleted ones: by name, then generation.
Result<ObjectPage> ListVersions(meta::Reader& reader, const Bucket& bucket,
                                const ListOptions& options);

}  // namespace landfall::storage
