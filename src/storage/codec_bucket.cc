// Buckets and what belongs to them or to their project.
#include "storage/codec.h"
#include "storage/record.h"

namespace landfall::storage {
namespace {

bool Extended(const Bucket& b) {
  return b.generation != 0 || b.versioning || !b.lifecycle.empty() || b.retention ||
         b.soft_delete || b.default_event_based_hold || b.object_retention ||
         b.public_access_prevented || b.uniform_access_since || b.acl || b.default_object_acl ||
         !b.settings.empty() || b.soft_delete_time;
}

void Put(Encoder& e, const LifecycleRule& rule) {
  const LifecycleCondition& c = rule.condition;
  e.U64(static_cast<std::uint64_t>(rule.action));
  e.Str(rule.storage_class);
  e.OptI64(c.age);
  e.OptI64(c.days_since_custom_time);
  e.OptI64(c.days_since_noncurrent_time);
  e.OptI64(c.num_newer_versions);
  e.Str(c.created_before);
  e.Str(c.custom_time_before);
  e.Str(c.noncurrent_time_before);
  e.OptBool(c.is_live);
  e.List(c.matches_storage_class);
  e.List(c.matches_prefix);
  e.List(c.matches_suffix);
}

LifecycleRule Rule(Decoder& d) {
  LifecycleRule rule;
  LifecycleCondition& c = rule.condition;
  rule.action = static_cast<LifecycleAction>(d.U64());
  rule.storage_class = d.Str();
  c.age = d.OptI64();
  c.days_since_custom_time = d.OptI64();
  c.days_since_noncurrent_time = d.OptI64();
  c.num_newer_versions = d.OptI64();
  c.created_before = d.Str();
  c.custom_time_before = d.Str();
  c.noncurrent_time_before = d.Str();
  c.is_live = d.OptBool();
  c.matches_storage_class = d.List();
  c.matches_prefix = d.List();
  c.matches_suffix = d.List();
  return rule;
}

void PutExtension(Encoder& e, const Bucket& b) {
  e.I64(b.generation);
  e.OptBool(b.versioning);
  e.U64(b.lifecycle.size());
  for (const LifecycleRule& rule : b.lifecycle) Put(e, rule);
  e.Opt(b.retention, [&](const RetentionPolicy& p) {
    e.I64(p.seconds);
    e.Time(p.effective_time);
    e.Bool(p.locked);
  });
  e.Opt(b.soft_delete, [&](const SoftDeletePolicy& p) {
    e.I64(p.seconds);
    e.Time(p.effective_time);
  });
  e.Bool(b.default_event_based_hold);
  e.Bool(b.object_retention);
  e.Bool(b.public_access_prevented);
  e.OptTime(b.uniform_access_since);
  PutAcl(e, b.acl);
  PutAcl(e, b.default_object_acl);
  e.Map(b.settings);
  e.OptTime(b.soft_delete_time);
  e.OptTime(b.hard_delete_time);
}

void ReadExtension(Decoder& d, Bucket& b) {
  b.generation = d.I64();
  b.versioning = d.OptBool();
  d.Repeat([&] { b.lifecycle.push_back(Rule(d)); });
  b.retention = d.Opt([&] {
    RetentionPolicy p;
    p.seconds = d.I64();
    p.effective_time = d.Time();
    p.locked = d.Bool();
    return p;
  });
  b.soft_delete = d.Opt([&] {
    SoftDeletePolicy p;
    p.seconds = d.I64();
    p.effective_time = d.Time();
    return p;
  });
  b.default_event_based_hold = d.Bool();
  b.object_retention = d.Bool();
  b.public_access_prevented = d.Bool();
  b.uniform_access_since = d.OptTime();
  b.acl = AclField(d);
  b.default_object_acl = AclField(d);
  b.settings = d.Map();
  b.soft_delete_time = d.OptTime();
  b.hard_delete_time = d.OptTime();
}

}  // namespace

std::string EncodeBucket(const Bucket& b) {
  Encoder e(Extended(b) ? 2 : 1);
  e.Str(b.name);
  e.Str(b.project);
  e.Str(b.location);
  e.Str(b.storage_class);
  e.I64(b.metageneration);
  e.Time(b.time_created);
  e.Time(b.updated);
  e.Map(b.labels);
  e.Bool(b.uniform_access);
  if (e.version() >= 2) PutExtension(e, b);
  return e.Take();
}

Result<Bucket> DecodeBucket(std::string_view bytes) {
  Decoder d(bytes);
  Bucket b;
  b.name = d.Str();
  b.project = d.Str();
  b.location = d.Str();
  b.storage_class = d.Str();
  b.metageneration = d.I64();
  b.time_created = d.Time();
  b.updated = d.Time();
  b.labels = d.Map();
  b.uniform_access = d.Bool();
  if (d.version() >= 2) ReadExtension(d, b);
  TRY(d.Finish("bucket"));
  return b;
}

std::string EncodeNotification(const NotificationConfig& c) {
  Encoder e;
  e.Str(c.id);
  e.Str(c.bucket);
  e.Str(c.topic);
  e.Str(c.payload_format);
  e.List(c.event_types);
  e.Str(c.object_name_prefix);
  e.Map(c.custom_attributes);
  return e.Take();
}

Result<NotificationConfig> DecodeNotification(std::string_view bytes) {
  Decoder d(bytes);
  NotificationConfig c;
  c.id = d.Str();
  c.bucket = d.Str();
  c.topic = d.Str();
  c.payload_format = d.Str();
  c.event_types = d.List();
  c.object_name_prefix = d.Str();
  c.custom_attributes = d.Map();
  TRY(d.Finish("notification configuration"));
  return c;
}

std::string EncodeIamPolicy(const IamPolicy& policy) {
  Encoder e;
  e.I64(policy.version);
  e.Str(policy.bindings);
  e.I64(policy.revision);
  return e.Take();
}

Result<IamPolicy> DecodeIamPolicy(std::string_view bytes) {
  Decoder d(bytes);
  IamPolicy policy;
  policy.version = d.I64();
  policy.bindings = d.Str();
  policy.revision = d.I64();
  TRY(d.Finish("IAM policy"));
  return policy;
}

std::string EncodeHmacKey(const HmacKey& key) {
  Encoder e;
  e.Str(key.access_id);
  e.Str(key.secret);
  e.Str(key.project);
  e.Str(key.service_account);
  e.Str(key.state);
  e.Time(key.time_created);
  e.Time(key.updated);
  e.I64(key.revision);
  return e.Take();
}

Result<HmacKey> DecodeHmacKey(std::string_view bytes) {
  Decoder d(bytes);
  HmacKey key;
  key.access_id = d.Str();
  key.secret = d.Str();
  key.project = d.Str();
  key.service_account = d.Str();
  key.state = d.Str();
  key.time_created = d.Time();
  key.updated = d.Time();
  key.revision = d.I64();
  TRY(d.Finish("HMAC key"));
  return key;
}

}  // namespace landfall::storage
