// Logical sizes as BigQuery counts them, where texts are taken to be of a likely length. Private to
// the module.
#pragma once

#include <cstdint>

#include "warehouse/types.h"

namespace landfall::warehouse {

std::int64_t LikelyBytes(const Field& field);
std::int64_t LikelyRowBytes(const Schema& schema);

}  // namespace landfall::warehouse
