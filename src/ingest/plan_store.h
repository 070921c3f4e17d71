// Frozen plans in meta, so that an attempt after a crash is the same attempt, and explain prints
// decisions as taken.
#pragma once

#include <functional>
#include <optional>

#include "ingest/plan.h"
#include "meta/meta.h"

namespace landfall::ingest {

class PlanStore {
 public:
  explicit PlanStore(meta::Store& meta) : meta_(meta) {}

  // Durable on return; replaces an older plan of the same marker generation.
  Status Save(const Plan& plan);
  // With its jobs' files. nullopt when there is none, or its files were forgotten.
  Result<std::optional<Plan>> Find(const warehouse::LoadKey& key);
  // Without files: jobs have ids and no sources.
  Result<std::optional<Plan>> FindSummary(const warehouse::LoadKey& key);
  // The list of files is no longer needed once the load is over; the summary stays for explain.
  Status ForgetFiles(const warehouse::LoadKey& key);
  // Forgets the files of every plan that `needed` says no to: what a crash after a commit left
  // behind.
  Status ForgetFilesUnless(const std::function<bool(const warehouse::LoadKey&)>& needed);

 private:
  meta::Store& meta_;
};

}  // namespace landfall::ingest
