// A commit log in front of another engine. A group is durable with one sequential write; the engine
// behind gets the net effect of many groups at once, in the background. Private to meta.
//
// Two segments take turns. The active one takes groups, which also go into a table in memory. When
// the table is full it is frozen: the other segment becomes active, and the frozen table is written
// to the engine behind. Only then may its segment be used again; a group that needs it earlier
// waits. After a crash both segments are read again, oldest first. Groups the engine behind has
// already are harmless then: they hold absolute values and the newest comes last.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "meta/engine.h"

namespace landfall::meta {

struct LoggedOptions {
  std::string dir;                          // exists
  std::size_t table_bytes_max = 16u << 20;  // memory is twice this, and the largest group, at most
};
// Brings `behind` up to date with the log before it returns. kDataLoss: a part of the log is
// missing.
Result<std::unique_ptr<Engine>> OpenLogged(const LoggedOptions& options,
                                           std::unique_ptr<Engine> behind);

}  // namespace landfall::meta
