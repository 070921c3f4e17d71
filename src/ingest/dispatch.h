// What an object that landed asks ingest to do (section "Dispatch" of the contract). Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "ingest/names.h"

namespace landfall::ingest {

enum class Action : std::uint8_t {
  kNone,       // not an action file, or one that means nothing without ordering
  kApply,      // load the batch now
  kPublish,    // ordered: put the batch into its table's queue
  kSubscribe,  // ordered: drain the queue
  kMonitor,    // ordered: a queue item was written
};

// `table_prefix` is needed for _BACKFILL with ordering only.
// kInvalidArgument/"backlogInconsistency" for a _BACKFILL that is not exactly at the table prefix.
Result<Action> DispatchOf(std::string_view object, bool ordered, std::string_view table_prefix,
                          const ReservedNames& names);

}  // namespace landfall::ingest
