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

}  // namespace landfall::storage
