// What is extended is written as record version 2; see record.h.
#include "storage/codec.h"

#include <utility>

#include "storage/record.h"

namespace landfall::storage {
namespace {

bool Extended(const ObjectAttributes& a) {
  return a.temporary_hold || a.event_based_hold.has_value() || a.retention || a.acl;
}

bool Extended(const Object& o) {
  return Extended(o.attributes) || o.component_count != 0 || o.storage_class_updated ||
         o.time_deleted || o.soft_delete_time || o.hold_released;
}

char VersionFor(bool extended) { return extended ? 2 : 1; }

void Put(Encoder& e, const ObjectAttributes& a) {
  e.Str(a.content_type);
  e.Str(a.content_encoding);
  e.Str(a.content_disposition);
  e.Str(a.content_language);
  e.Str(a.cache_control);
  e.Str(a.storage_class);
  e.Opt(a.custom_time, [&](TimePoint t) { e.Time(t); });
  e.Map(a.metadata);
  if (e.version() < 2) return;
  e.Bool(a.temporary_hold);
  e.OptBool(a.event_based_hold);
  e.Opt(a.retention, [&](const ObjectRetention& r) {
    e.Bool(r.locked);
    e.Time(r.until);
  });
  PutAcl(e, a.acl);
}

ObjectAttributes Attributes(Decoder& d) {
  ObjectAttributes a;
  a.content_type = d.Str();
  a.content_encoding = d.Str();
  a.content_disposition = d.Str();
  a.content_language = d.Str();
  a.cache_control = d.Str();
  a.storage_class = d.Str();
  a.custom_time = d.Opt([&] { return d.Time(); });
  a.metadata = d.Map();
  if (d.version() < 2) return a;
  a.temporary_hold = d.Bool();
  a.event_based_hold = d.OptBool();
  a.retention = d.Opt([&] {
    ObjectRetention r;
    r.locked = d.Bool();
    r.until = d.Time();
    return r;
  });
  a.acl = AclField(d);
  return a;
}

// All but bucket and name.
void Put(Encoder& e, const Object& o) {
  e.I64(o.generation);
  e.I64(o.metageneration);
  e.U64(o.size_bytes);
  e.U64(o.crc32c);
  e.Str(o.md5);
  e.Time(o.time_created);
  e.Time(o.updated);
  Put(e, o.attributes);
  if (e.version() < 2) return;
  e.I64(o.component_count);
  e.OptTime(o.storage_class_updated);
  e.OptTime(o.time_deleted);
  e.OptTime(o.soft_delete_time);
  e.OptTime(o.hard_delete_time);
  e.OptTime(o.hold_released);
}

Object ObjectFields(Decoder& d) {
  Object o;
  o.generation = d.I64();
  o.metageneration = d.I64();
  o.size_bytes = d.U64();
  o.crc32c = static_cast<std::uint32_t>(d.U64());
  o.md5 = d.Str();
  o.time_created = d.Time();
  o.updated = d.Time();
  o.attributes = Attributes(d);
  if (d.version() < 2) return o;
  o.component_count = d.I64();
  o.storage_class_updated = d.OptTime();
  o.time_deleted = d.OptTime();
  o.soft_delete_time = d.OptTime();
  o.hard_delete_time = d.OptTime();
  o.hold_released = d.OptTime();
  return o;
}

void Put(Encoder& e, const Checksums& c) {
  e.Opt(c.crc32c, [&](std::uint32_t v) { e.U64(v); });
  e.Str(c.md5);
}

Checksums ChecksumFields(Decoder& d) {
  Checksums c;
  c.crc32c = d.Opt([&] { return static_cast<std::uint32_t>(d.U64()); });
  c.md5 = d.Str();
  return c;
}

void Put(Encoder& e, const Precondition& p) {
  e.OptI64(p.generation_match);
  e.OptI64(p.generation_not_match);
  e.OptI64(p.metageneration_match);
  e.OptI64(p.metageneration_not_match);
  e.List(p.etag_match);
  e.List(p.etag_not_match);
}

Precondition PreconditionFields(Decoder& d) {
  Precondition p;
  p.generation_match = d.OptI64();
  p.generation_not_match = d.OptI64();
  p.metageneration_match = d.OptI64();
  p.metageneration_not_match = d.OptI64();
  p.etag_match = d.List();
  p.etag_not_match = d.List();
  return p;
}

}  // namespace

std::string EncodeObject(const StoredObject& stored) {
  Encoder e(VersionFor(Extended(stored.object)));
  e.U64(stored.blob.id);
  e.Bool(stored.blob.in_file);
  Put(e, stored.object);
  return e.Take();
}

Result<StoredObject> DecodeObject(std::string_view bucket, std::string_view name,
                                  std::string_view bytes) {
  Decoder d(bytes);
  StoredObject stored;
  stored.blob.id = d.U64();
  stored.blob.in_file = d.Bool();
  stored.object = ObjectFields(d);
  stored.object.bucket = bucket;
  stored.object.name = name;
  TRY(d.Finish("object"));
  return stored;
}

std::string EncodeUpload(const StoredUpload& u) {
  Encoder e(VersionFor(Extended(u.spec.attributes) || (u.object && Extended(*u.object))));
  e.U64(static_cast<std::uint64_t>(u.state));
  e.Time(u.created);
  e.Str(u.spec.bucket);
  e.Str(u.spec.name);
  Put(e, u.spec.attributes);
  Put(e, u.spec.expected);
  Put(e, u.spec.when);
  e.Opt(u.total_bytes, [&](std::uint64_t v) { e.U64(v); });
  e.U64(u.persisted_bytes);
  e.U64(u.file_id);
  e.Opt(u.object, [&](const Object& o) { Put(e, o); });
  return e.Take();
}

Result<StoredUpload> DecodeUpload(std::string_view bytes) {
  Decoder d(bytes);
  StoredUpload u;
  u.state = static_cast<UploadState>(d.U64());
  u.created = d.Time();
  u.spec.bucket = d.Str();
  u.spec.name = d.Str();
  u.spec.attributes = Attributes(d);
  u.spec.expected = ChecksumFields(d);
  u.spec.when = PreconditionFields(d);
  u.total_bytes = d.Opt([&] { return d.U64(); });
  u.persisted_bytes = d.U64();
  u.file_id = d.U64();
  u.object = d.Opt([&] { return ObjectFields(d); });
  if (u.object) {
    u.object->bucket = u.spec.bucket;
    u.object->name = u.spec.name;
  }
  TRY(d.Finish("upload"));
  return u;
}

std::string EncodeRewrite(const StoredRewrite& r) {
  const CopySpec& copy = r.spec.copy;
  Encoder e(2);
  e.Time(r.created);
  e.U64(r.rewritten_bytes);
  e.Opt(r.spec.bytes_max, [&](std::uint64_t v) { e.U64(v); });
  e.Str(copy.source_bucket);
  e.Str(copy.source_name);
  e.OptI64(copy.source_generation);
  Put(e, copy.source_when);
  e.Str(copy.destination.bucket);
  e.Str(copy.destination.name);
  Put(e, copy.destination.attributes);
  Put(e, copy.destination.when);
  e.Bool(copy.own_attributes);
  return e.Take();
}

Result<StoredRewrite> DecodeRewrite(std::string_view bytes) {
  Decoder d(bytes);
  StoredRewrite r;
  CopySpec& copy = r.spec.copy;
  r.created = d.Time();
  r.rewritten_bytes = d.U64();
  r.spec.bytes_max = d.Opt([&] { return d.U64(); });
  copy.source_bucket = d.Str();
  copy.source_name = d.Str();
  copy.source_generation = d.OptI64();
  copy.source_when = PreconditionFields(d);
  copy.destination.bucket = d.Str();
  copy.destination.name = d.Str();
  copy.destination.attributes = Attributes(d);
  copy.destination.when = PreconditionFields(d);
  copy.own_attributes = d.Bool();
  TRY(d.Finish("rewrite"));
  return r;
}

std::string EncodeChange(const ObjectChange& c) {
  Encoder e(VersionFor(Extended(c.object)));
  e.U64(static_cast<std::uint64_t>(c.kind));
  e.Time(c.time);
  e.Str(c.project);
  e.Str(c.object.bucket);
  e.Str(c.object.name);
  Put(e, c.object);
  e.OptI64(c.overwrote_generation);
  e.OptI64(c.overwritten_by_generation);
  return e.Take();
}

Result<ObjectChange> DecodeChange(meta::Seq seq, std::string_view bytes) {
  Decoder d(bytes);
  ObjectChange c;
  c.seq = seq;
  c.kind = static_cast<ChangeKind>(d.U64());
  c.time = d.Time();
  c.project = d.Str();
  std::string bucket = d.Str();
  std::string name = d.Str();
  c.object = ObjectFields(d);
  c.object.bucket = std::move(bucket);
  c.object.name = std::move(name);
  c.overwrote_generation = d.OptI64();
  c.overwritten_by_generation = d.OptI64();
  TRY(d.Finish("object change"));
  return c;
}

}  // namespace landfall::storage
