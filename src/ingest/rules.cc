// Layout in meta:
//   ("ingest.rule", project, id)       {"bucket","prefix","variables":{..},"createdUs"}
//   ("ingest.rule_deleted", project)   "": rule "default" does not apply to this project
//   ("ingest.default_created")         microseconds since 1970, decimal
#include "ingest/rules.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace landfall::ingest {
namespace {

constexpr std::string_view kRuleTable = "ingest.rule";
constexpr std::string_view kDeletedTable = "ingest.rule_deleted";
constexpr std::size_t kIdBytesMax = 100;
constexpr std::size_t kPrefixBytesMax = 1024;

std::string RuleKey(std::string_view project, std::string_view id) {
  return meta::MakeKey({kRuleTable, project, id});
}
std::string DeletedKey(std::string_view project) { return meta::MakeKey({kDeletedTable, project}); }

std::string Encode(const Rule& rule) {
  JsonObject variables;
  for (const auto& [name, value] : rule.variables) variables[name] = value;
  return ToText(JsonObject{{"bucket", rule.bucket},
                           {"prefix", rule.prefix},
                           {"variables", std::move(variables)},
                           {"createdUs", ToMicros(rule.created)}});
}

Result<Rule> Decode(std::string_view key, std::string_view value) {
  const std::vector<std::string> parts = TRY(meta::SplitKey(key));
  const Json stored = TRY(ParseJson(value));
  if (parts.size() != 3 || !stored.is_object())
    return DataLoss("a stored ingest rule cannot be read");
  const JsonObject& object = stored.as_object();
  Rule rule;
  rule.project = parts[1];
  rule.id = parts[2];
  rule.bucket = TRY(StringMember(object, "bucket")).value_or("*");
  rule.prefix = TRY(StringMember(object, "prefix")).value_or("");
  rule.created = FromMicros(TRY(Int64Member(object, "createdUs")).value_or(0));
  if (const JsonObject* variables = TRY(ObjectMember(object, "variables"))) {
    for (const auto& [name, text] : *variables) {
      if (text.is_string()) rule.variables[std::string(name)] = std::string(text.as_string());
    }
  }
  return rule;
}

bool Governs(const RulePtr& a, const RulePtr& b) {
  if (a->rule.prefix.size() != b->rule.prefix.size())
    return a->rule.prefix.size() > b->rule.prefix.size();
  const bool a_any = a->rule.bucket == "*";
  const bool b_any = b->rule.bucket == "*";
  if (a_any != b_any) return b_any;
  return a->rule.id < b->rule.id;
}

Status NoRule(std::string_view project, std::string_view id) {
  return NotFound("project " + std::string(project) + " has no ingest rule \"" + std::string(id) +
                  "\"");
}

}  // namespace

Result<RulePtr> CompileRule(Rule rule, bool configured) {
  if (rule.project.empty()) return InvalidArgument("an ingest rule needs a project");
  if (rule.id.empty() || rule.id.size() > kIdBytesMax || !std::ranges::all_of(rule.id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
      })) {
    return InvalidArgument("ingest rule id \"" + rule.id +
                           "\" must have 1 to 100 letters, digits, - and _");
  }
  if (rule.bucket.empty())
    return InvalidArgument("ingest rule " + rule.id +
                           ": bucket is empty; \"*\" means every bucket");
  if (rule.bucket != "*" && rule.bucket.find_first_of("*/") != std::string::npos) {
    return InvalidArgument("ingest rule " + rule.id + ": bucket \"" + rule.bucket +
                           "\" must be a bucket name or \"*\"");
  }
  if (rule.prefix.size() > kPrefixBytesMax) {
    return InvalidArgument("ingest rule " + rule.id + ": the prefix has more than 1024 bytes");
  }
  auto compiled = std::make_shared<CompiledRule>();
  Result<Variables> variables = ParseVariables(rule.variables);
  if (!variables.ok()) return variables.status().Annotate("ingest rule " + rule.id);
  compiled->variables = *std::move(variables);
  compiled->rule = std::move(rule);
  compiled->configured = configured;
  return RulePtr(std::move(compiled));
}

std::vector<RulePtr> RuleSet::OfProject(std::string_view project) const {
  std::vector<RulePtr> all;
  const auto found = by_project_.find(project);
  if (found != by_project_.end()) {
    for (const auto& [id, rule] : found->second) all.push_back(rule);
  }
  if (!without_default_.contains(project)) all.push_back(default_);
  std::ranges::sort(all, {}, [](const RulePtr& rule) { return rule->rule.id; });
  return all;
}

std::vector<RulePtr> RuleSet::Matching(std::string_view project, std::string_view bucket,
                                       std::string_view object) const {
  std::vector<RulePtr> matching = OfProject(project);
  std::erase_if(matching, [&](const RulePtr& rule) {
    return (rule->rule.bucket != "*" && rule->rule.bucket != bucket) ||
           !object.starts_with(rule->rule.prefix);
  });
  std::ranges::sort(matching, Governs);
  return matching;
}

RulePtr RuleSet::Governing(std::string_view project, std::string_view bucket,
                           std::string_view object) const {
  const std::vector<RulePtr> matching = Matching(project, bucket, object);
  return matching.empty() ? nullptr : matching.front();
}

bool RuleSet::MayBeMarker(std::string_view object) const {
  if (IsMarker(object, default_->variables.names)) return true;
  for (const auto& [project, rules] : by_project_) {
    for (const auto& [id, rule] : rules) {
      if (IsMarker(object, rule->variables.names)) return true;
    }
  }
  return false;
}

Result<std::unique_ptr<RuleStore>> RuleStore::Open(const Options& options, meta::Store& meta,
                                                   Clock& clock) {
  auto store = std::make_unique<RuleStore>(meta, clock);
  TRY(store->Load(options));
  return store;
}

Status RuleStore::Load(const Options& options) {
  auto rules = std::make_shared<RuleSet>();
  Status broken;
  const auto keep = [&](Result<RulePtr> compiled) -> Status {
    const RulePtr rule = TRY(std::move(compiled));
    rules->by_project_[rule->rule.project][rule->rule.id] = rule;
    if (rule->rule.id == kDefaultRule) rules->without_default_.insert(rule->rule.project);
    return Ok();
  };
  const auto reader = meta_.Snapshot();
  TRY(reader->Scan(meta::PrefixRange(meta::MakeKey({kRuleTable})), [&](std::string_view key,
                                                                       std::string_view value) {
    Result<Rule> rule = Decode(key, value);
    broken = rule.ok() ? keep(CompileRule(*std::move(rule), false)) : rule.status();
    return broken.ok();
  }));
  TRY(broken);
  TRY(reader->Scan(meta::PrefixRange(meta::MakeKey({kDeletedTable})),
                   [&](std::string_view key, std::string_view) {
                     const auto parts = meta::SplitKey(key);
                     if (parts.ok() && parts->size() == 2)
                       rules->without_default_.insert((*parts)[1]);
                     return true;
                   }));

  const std::string created_key = meta::MakeKey({"ingest.default_created"});
  Rule made;
  made.project = options.default_project.empty() ? "-" : options.default_project;
  made.id = std::string(kDefaultRule);
  made.variables = options.default_variables;
  made.created = clock_.Now();
  if (const auto stored = TRY(reader->Get(created_key))) {
    made.created = FromMicros(ParseInt64(*stored).value_or(0));
  } else {
    const std::string now = std::to_string(ToMicros(made.created));
    TRY(meta_.Commit([&](meta::Txn& txn) {
      txn.Put(created_key, now);
      return Ok();
    }));
  }
  rules->default_ = TRY(CompileRule(std::move(made), false));
  for (const Rule& configured : options.configured_rules) {
    Rule rule = configured;
    if (rule.project.empty()) rule.project = options.default_project;
    if (ToMicros(rule.created) == 0) rule.created = clock_.Now();
    TRY(keep(CompileRule(std::move(rule), true)));
  }
  const MutexLock lock(mu_);
  rules_ = std::move(rules);
  return Ok();
}

std::shared_ptr<const RuleSet> RuleStore::Snapshot() const {
  const MutexLock lock(mu_);
  return rules_;
}

Result<Rule> RuleStore::Create(Rule rule) {
  rule.created = clock_.Now();
  const RulePtr compiled = TRY(CompileRule(std::move(rule), false));
  const Rule& made = compiled->rule;
  const MutexLock writing(write_mu_);
  auto next = std::make_shared<RuleSet>(*Snapshot());
  const std::vector<RulePtr> existing = next->OfProject(made.project);
  for (const RulePtr& other : existing) {
    if (other->rule.id == made.id) {
      return AlreadyExists("project " + made.project + " already has an ingest rule \"" + made.id +
                           "\"");
    }
  }
  if (existing.size() >= kRulesPerProjectMax) {
    return ResourceExhausted("project " + made.project + " has " + std::to_string(existing.size()) +
                             " ingest rules; the limit is " + std::to_string(kRulesPerProjectMax));
  }
  const std::string key = RuleKey(made.project, made.id);
  const std::string value = Encode(made);
  TRY(meta_.Commit([&](meta::Txn& txn) {
    txn.Put(key, value);
    return Ok();
  }));
  next->by_project_[made.project][made.id] = compiled;
  const MutexLock lock(mu_);
  rules_ = std::move(next);
  return made;
}

Result<Rule> RuleStore::Get(std::string_view project, std::string_view id) const {
  for (const Rule& rule : List(project)) {
    if (rule.id == id) return rule;
  }
  return NoRule(project, id);
}

std::vector<Rule> RuleStore::List(std::string_view project) const {
  std::vector<Rule> all;
  for (const RulePtr& rule : Snapshot()->OfProject(project)) {
    all.push_back(rule->rule);
    all.back().project = std::string(project);  // the built-in default serves every project
  }
  return all;
}

Status RuleStore::Delete(std::string_view project, std::string_view id) {
  const MutexLock writing(write_mu_);
  auto next = std::make_shared<RuleSet>(*Snapshot());
  RulePtr found;
  for (const RulePtr& rule : next->OfProject(project)) {
    if (rule->rule.id == id) found = rule;
  }
  if (found == nullptr) return NoRule(project, id);
  if (found->configured) {
    return FailedPrecondition(
        "ingest rule \"" + std::string(id) + "\" comes from the config file; remove it there",
        "configured");
  }
  const bool is_default = id == kDefaultRule;
  TRY(meta_.Commit([&](meta::Txn& txn) {
    txn.Delete(RuleKey(project, id));
    if (is_default) txn.Put(DeletedKey(project), "");
    return Ok();
  }));
  if (is_default) next->without_default_.insert(std::string(project));
  if (const auto rules = next->by_project_.find(project); rules != next->by_project_.end()) {
    rules->second.erase(std::string(id));
  }
  const MutexLock lock(mu_);
  rules_ = std::move(next);
  return Ok();
}

}  // namespace landfall::ingest
