// The bytes of one record: a version byte, then fields in a fixed order. Unsigned numbers are
// LEB128 varints, signed ones zig-zag varints, strings and lists a varint count and their content,
// optionals one byte 0 or 1 before the value. Private to storage.
//
// Version 2 adds fields behind those of version 1. A record that does not need them is written as
// version 1, which keeps it small; both are read for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/storage.h"

namespace landfall::storage {

constexpr char kVersionMax = 2;

class Encoder {
 public:
  explicit Encoder(char version = 1) : version_(version) {
    out_.reserve(192);
    out_ += version;
  }
  char version() const { return version_; }
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
  void OptTime(const std::optional<TimePoint>& v) {
    Opt(v, [this](TimePoint t) { Time(t); });
  }
  void OptBool(const std::optional<bool>& v) {
    Opt(v, [this](bool b) { Bool(b); });
  }
  std::string Take() { return std::move(out_); }

 private:
  const char version_;
  std::string out_;
};

// Reads past the end or of a foreign version leave zeros and make Finish fail.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {
    version_ = Byte();
    if (version_ < 1 || version_ > kVersionMax) bad_ = true;
  }
  char version() const { return version_; }
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
  std::optional<TimePoint> OptTime() {
    return Opt([this] { return Time(); });
  }
  std::optional<bool> OptBool() {
    return Opt([this] { return Bool(); });
  }
  // Of a list whose items the caller reads; ends early at bad bytes.
  template <typename Fn>
  void Repeat(Fn decode) {
    for (std::uint64_t n = U64(); n > 0 && !bad_; --n) decode();
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
  char version_ = 0;
  bool bad_ = false;
};

inline void PutAcl(Encoder& e, const std::optional<Acl>& acl) {
  e.Opt(acl, [&](const Acl& entries) {
    e.U64(entries.size());
    for (const AclEntry& entry : entries) {
      e.Str(entry.entity);
      e.Str(entry.role);
    }
  });
}

inline std::optional<Acl> AclField(Decoder& d) {
  return d.Opt([&] {
    Acl acl;
    d.Repeat([&] {
      AclEntry& entry = acl.emplace_back();
      entry.entity = d.Str();
      entry.role = d.Str();
    });
    return acl;
  });
}

}  // namespace landfall::storage
