// ingest - when a success file lands, the batch it closes becomes rows, exactly once.
//
//   marker notification -> seen (durable in the load state, then acknowledged) -> planned
//   (manifest, config and destination frozen) -> loading (lease, epoch) -> committed, in the
//   warehouse transaction that holds the rows.
//
// A notification is a hint: lost, repeated or reordered ones give the same table. At start, loads
// that were not finished go on from their recorded state. The decision about every trigger, also
// "no", is stored with its reason; Explain prints it and, for objects that do not exist yet, works
// it out from the same code.
//
// Threads: thread-safe. One pump thread takes hints, `workers_max` threads load; batches of one
// table run one after another.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "meta/meta.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

// Which buckets are watched and how. `variables` are the documented ones (SUCCESS_FILENAME,
// DESTINATION_REGEX, MAX_BATCH_BYTES, JOB_PREFIX, BQ_PROJECT, BQ_STORAGE_PROJECT, ...); unknown
// names are refused with the nearest one.
struct Rule {
  std::string project, id;   // id: letters, digits, `-`, `_`; "default" exists in a fresh directory
  std::string bucket = "*";  // name, or "*" for every bucket of the project
  std::string prefix;        // object name prefix
  std::map<std::string, std::string> variables;
  TimePoint created;
};

struct NotifyOutcome {
  bool acts = false;       // the object is a trigger of some rule
  bool duplicate = false;  // this generation was seen before
  std::string reason;      // for people
};

class Ingest {
 public:
  virtual ~Ingest() = default;  // stops; work in progress rolls back and resumes at the next start

  // kAlreadyExists/"duplicate", kNotFound, kInvalidArgument naming the variable.
  virtual Result<Rule> CreateRule(const CallContext& ctx, Rule rule) = 0;
  virtual Result<Rule> GetRule(const CallContext& ctx, std::string_view project,
                               std::string_view id) = 0;
  virtual Result<std::vector<Rule>> ListRules(const CallContext& ctx, std::string_view project) = 0;
  virtual Status DeleteRule(const CallContext& ctx, std::string_view project,
                            std::string_view id) = 0;

  // Any accepted trigger form: a Pub/Sub message or push body, a storage object resource, a storage
  // CloudEvent (structured, or binary with `headers` carrying ce-*).
  // kInvalidArgument/"UnexpectedTrigger" names the forms. Durable on return.
  virtual Result<NotifyOutcome> Notify(const CallContext& ctx, const Json& body,
                                       const std::map<std::string, std::string>& headers) = 0;

  // Load state and accounting, newest first.
  virtual Result<std::vector<warehouse::LoadRecord>> Loads(const CallContext& ctx,
                                                           const warehouse::LoadFilter& filter) = 0;

  // {"uri","project","dataset","table","partition","batch","state","reason","rules":[..],
  //  "config":[{key,value,origin}],
  //  "files":[..],"jobs":[..],"counts":{..},"next":..}; also for objects that do not exist yet.
  virtual Result<Json> Explain(const CallContext& ctx, std::string_view project,
                               std::string_view bucket, std::string_view object) = 0;

  // True for the changes ingest must hear of: markers of some rule. Quick, pure, any thread.
  virtual bool Wants(const storage::ObjectChange& change) const = 0;
};

// Where the notifier puts what Wants() accepts.
constexpr std::string_view kTopic = "projects/landfall-system/topics/ingest";
constexpr std::string_view kSubscription = "projects/landfall-system/subscriptions/ingest";

struct Options {
  std::string default_project = {};
  std::map<std::string, std::string> default_variables =
      {};  // of rule "default", from the environment of `landfall up`
  std::vector<Rule> configured_rules =
      {};  // from the config file; cannot be deleted through the API
  std::size_t workers_max = 2;
  std::size_t queued_loads_max =
      100'000;           // in memory; more stay in the load state until there is room
  int attempts_max = 4;  // transient failures; then dead
  std::chrono::milliseconds retry_delay{500};  // before the second attempt; doubles, up to a minute
  // How often the buckets are listed for markers whose notification was lost (reconcile.h).
  std::chrono::seconds reconcile_every{600};
};
// Creates its topic and subscription when missing. All references must outlive it.
Result<std::unique_ptr<Ingest>> Start(Options options, meta::Store& meta, storage::Storage& storage,
                                      pubsub::PubSub& pubsub, warehouse::Warehouse& warehouse,
                                      Clock& clock, Log& log, Metrics& metrics);

}  // namespace landfall::ingest
