#include "ingest/dispatch.h"

#include <string>

namespace landfall::ingest {

Result<Action> DispatchOf(std::string_view object, bool ordered, std::string_view table_prefix,
                          const ReservedNames& names) {
  const std::string_view base = BaseName(object);
  const bool starts_backfill = !names.start_backfill.empty() && base == names.start_backfill;
  if (base != names.success && base != kBackfillName && !starts_backfill) return Action::kNone;
  if (HasDirectory(object, kConfigDir)) return Action::kNone;
  if (!ordered) return IsMarker(object, names) ? Action::kApply : Action::kNone;
  if (base == names.success)
    return HasDirectory(object, kBacklogDir) ? Action::kMonitor : Action::kPublish;
  if (starts_backfill) return Action::kSubscribe;
  const std::string at_prefix = std::string(table_prefix) + "/" + std::string(kBackfillName);
  if (object == at_prefix) return Action::kSubscribe;
  return InvalidArgument("\"" + std::string(object) + "\" is not at its table prefix; only \"" +
                             at_prefix + "\" starts the table's queue",
                         "backlogInconsistency");
}

}  // namespace landfall::ingest
