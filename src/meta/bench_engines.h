// Engines that lost (docs/adr/0002-metadata-store.md) and the raw limit, kept for the comparison.
// Benchmarks only.
#pragma once

#include <memory>
#include <string>

#include "meta/engine.h"

namespace landfall::meta {

std::unique_ptr<Engine> OpenRocksDb(const std::string& dir);
std::unique_ptr<Engine> OpenSqlite(const std::string& dir);
// Groups appended to preallocated, zeroed segments with one fdatasync each; keeps no index and
// reads nothing back. What a segment log of our own could reach at best.
std::unique_ptr<Engine> OpenRawLog(const std::string& dir);

}  // namespace landfall::meta
