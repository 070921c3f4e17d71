// The Store over any engine: group commit on one thread, feeds, limits. Private to meta.
#pragma once

#include <memory>

#include "base/files.h"
#include "meta/engine.h"
#include "meta/meta.h"

namespace landfall::meta {

// `lock` is held for as long as the store lives.
std::unique_ptr<Store> MakeStore(const Options& options, std::unique_ptr<FileLock> lock,
                                 std::unique_ptr<Engine> engine, Log& log, Metrics& metrics);

}  // namespace landfall::meta
