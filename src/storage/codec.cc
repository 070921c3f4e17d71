// Layout: one version byte, then fields in a fixed order. Unsigned numbers are LEB128 varints,
// signed ones zig-zag varints, strings and lists a varint count and their content, optionals one
// byte 0 or 1 before the value.
#include "storage/codec.h"

#include <utility>

namespace landfall::storage {
namespace {

constexpr char kVersion = 1;

class Encoder {
 public:
  Encoder() {
    out_.reserve(192);
    out_ += kVersion;
  }
  void U64(std::uint64_t v) {
    while (v >= 0x80) {
      out_ += static_cast<char>(v | 0x80);
      v >>= 7;
    }
    out_ += static_cast<char>(v);
  }
  void I64(std::int64_t v) {
    U64(static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63));
  }
  void Bool(bool v) { out_ += static_cast<char>(v); }
  void Time(TimePoint t) { I64(ToMicros(t)); }
  void Str(std::string_view s) {
    U64(s.size());
    out_.append(s);
  }
  void Map(const Labels& map) {
    U64(map.size());
    for (const auto& [key, value] : map) {
      Str(key);
      Str(value);
    }
  }
  void List(const std::vector<std::string>& list) {
    U64(list.size());
    for (const std::string& item : list) Str(item);
  }
  template <typename T, typename Fn>
  void Opt(const std::optional<T>& v, Fn encode) {
    Bool(v.has_value());
    if (v) encode(*v);
  }
  void OptI64(const std::optional<std::int64_t>& v) {
    Opt(v, [this](std::int64_t n) { I64(n); });
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads past the end or of a foreign version leave zeros and make Finish fail.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {
    if (Byte() != kVersion) bad_ = true;
  }
  std::uint64_t U64() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(Byte());
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    bad_ = true;
    return 0;
  }
  std::int64_t I64() {
    const std::uint64_t v = U64();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  bool Bool() { return Byte() != 0; }
  TimePoint Time() { return FromMicros(I64()); }
  std::string Str() {
    const std::uint64_t size = U64();
    if (size > rest_.size()) {
      bad_ = true;
      return {};
    }
    std::string s(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return s;
  }
  Labels Map() {
    Labels map;
    for (std::uint64_t n = U64(); n > 0 && !bad_; --n) {
      std::string key = Str();
      map.emplace_hint(map.end(), std::move(key), Str());
    }
    return map;
  }
  std::vector<std::string> List() {
    std::vector<std::string> list;
    for (std::uint64_t n = U64(); n > 0 && !bad_; --n) list.push_back(Str());
    return list;
  }
  template <typename Fn>
  auto Opt(Fn decode) -> std::optional<decltype(decode())> {
    if (!Bool()) return std::nullopt;
    return decode();
  }
  std::optional<std::int64_t> OptI64() {
    return Opt([this] { return I64(); });
  }
  Status Finish(std::string_view what) const {
    if (bad_ || !rest_.empty())
      return DataLoss("a stored " + std::string(what) + " does not decode");
    return {};
  }

 private:
  char Byte() {
    if (rest_.empty()) {
      bad_ = true;
      return 0;
    }
    const char byte = rest_[0];
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view rest_;
  bool bad_ = false;
};

void Put(Encoder& e, const ObjectAttributes& a) {
  e.Str(a.content_type);
  e.Str(a.content_encoding);
  e.Str(a.content_disposition);
  e.Str(a.content_language);
  e.Str(a.cache_control);
  e.Str(a.storage_class);
  e.Opt(a.custom_time, [&](TimePoint t) { e.Time(t); });
  e.Map(a.metadata);
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

std::string EncodeBucket(const Bucket& b) {
  Encoder e;
  e.Str(b.name);
  e.Str(b.project);
  e.Str(b.location);
  e.Str(b.storage_class);
  e.I64(b.metageneration);
  e.Time(b.time_created);
  e.Time(b.updated);
  e.Map(b.labels);
  e.Bool(b.uniform_access);
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
  TRY(d.Finish("bucket"));
  return b;
}

std::string EncodeObject(const StoredObject& stored) {
  Encoder e;
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
  Encoder e;
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

std::string EncodeChange(const ObjectChange& c) {
  Encoder e;
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
