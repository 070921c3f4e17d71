// Why an object is, is not, or would be loaded: stored decisions first, the planner's own code for
// what has not happened yet.
#pragma once

#include <string_view>

#include "base/context.h"
#include "base/json.h"
#include "base/status.h"
#include "ingest/plan.h"
#include "ingest/plan_store.h"
#include "ingest/rules.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

constexpr std::size_t kExplainFilesMax = 1000;  // listed; "filesTotal" has the number of all

class Explainer {
 public:
  Explainer(const RuleStore& rules, PlanStore& plans, storage::Storage& storage,
            warehouse::Warehouse& warehouse)
      : rules_(rules), plans_(plans), storage_(storage), warehouse_(warehouse) {}

  // `project` is used when the bucket does not exist; else the bucket's own.
  Result<Json> Explain(const CallContext& ctx, std::string_view project, std::string_view bucket,
                       std::string_view object);

 private:
  struct Answer;  // what is known so far about one object
  Result<std::optional<storage::Object>> Live(const CallContext& ctx, std::string_view bucket,
                                              std::string_view object);
  // The newest load-state row of the marker, of `generation` when given.
  Result<std::optional<warehouse::LoadRecord>> LoadOf(std::string_view bucket,
                                                      std::string_view marker,
                                                      std::optional<std::int64_t> generation);
  Status ExplainMarker(const CallContext& ctx, Answer& answer);
  Status ExplainLoad(const CallContext& ctx, const warehouse::LoadRecord& record, Answer& answer);
  Status ExplainUnplanned(const CallContext& ctx, std::int64_t generation, Answer& answer);
  Status ExplainData(const CallContext& ctx, Answer& answer);
  Status ExplainCovered(const CallContext& ctx, const warehouse::LoadRecord& load, Answer& answer);
  Status ExplainConfig(const CallContext& ctx, Answer& answer);

  const RuleStore& rules_;
  PlanStore& plans_;
  storage::Storage& storage_;
  warehouse::Warehouse& warehouse_;
};

}  // namespace landfall::ingest
