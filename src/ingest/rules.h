// Which buckets are watched and how: ingest rules, kept in meta, compiled once, read as immutable
// snapshots.
//
// Every project has a rule "default" for all its buckets until somebody deletes it there. Rules
// from the config file are added on top; they live only as long as the process and cannot be
// deleted through the API.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "ingest/ingest.h"
#include "ingest/variables.h"
#include "meta/meta.h"

namespace landfall::ingest {

constexpr std::size_t kRulesPerProjectMax = 1000;
constexpr std::string_view kDefaultRule = "default";

struct CompiledRule {
  Rule rule;
  Variables variables;
  bool configured = false;  // from the config file
};
using RulePtr = std::shared_ptr<const CompiledRule>;

// Checks id, bucket and prefix and parses the variables.
Result<RulePtr> CompileRule(Rule rule, bool configured);

class RuleSet {
 public:
  // Rules that match, the one that governs first: longest prefix, then a named bucket before "*",
  // then by id.
  std::vector<RulePtr> Matching(std::string_view project, std::string_view bucket,
                                std::string_view object) const;
  RulePtr Governing(std::string_view project, std::string_view bucket,
                    std::string_view object) const;                // may be null
  std::vector<RulePtr> OfProject(std::string_view project) const;  // by id
  // False when no rule of any project could take it for a marker.
  bool MayBeMarker(std::string_view object) const;

 private:
  friend class RuleStore;
  std::map<std::string, std::map<std::string, RulePtr>, std::less<>>
      by_project_;  // project -> id -> rule
  std::set<std::string, std::less<>> without_default_;
  RulePtr default_;
};

class RuleStore {
 public:
  // Use Open: a store made this way knows no rules yet.
  RuleStore(meta::Store& meta, Clock& clock) : meta_(meta), clock_(clock) {}
  static Result<std::unique_ptr<RuleStore>> Open(const Options& options, meta::Store& meta,
                                                 Clock& clock);

  Result<Rule> Create(Rule rule);
  Result<Rule> Get(std::string_view project, std::string_view id) const;
  std::vector<Rule> List(std::string_view project) const;
  Status Delete(std::string_view project, std::string_view id);
  std::shared_ptr<const RuleSet> Snapshot() const;

 private:
  Status Load(const Options& options);

  meta::Store& meta_;
  Clock& clock_;
  // Held over the durable commit, so that what readers see and what is stored change in the same
  // order.
  mutable Mutex write_mu_;
  mutable Mutex mu_;
  std::shared_ptr<const RuleSet> rules_ GUARDED_BY(mu_);
};

}  // namespace landfall::ingest
