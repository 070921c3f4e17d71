// The LMDB engine: one file of copy-on-write pages, read through a memory map. Private to meta.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "meta/engine.h"

namespace landfall::meta {

struct LmdbOptions {
  std::string dir;  // exists
  // Address space, not disk: the file is as long as its data. Halved until the kernel agrees, down
  // to 1 GiB.
  std::uint64_t map_bytes = 1ull << 40;
  unsigned snapshots_max = 1024;
};
Result<std::unique_ptr<Engine>> OpenLmdb(const LmdbOptions& options);

}  // namespace landfall::meta
