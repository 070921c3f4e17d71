#include "storage/precondition.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace landfall::storage {
namespace {

Status Broken() {
  return FailedPrecondition("At least one of the pre-conditions you specified did not hold.",
                            "conditionNotMet", "If-Match");
}

Status BrokenNotMatch(Access access) {
  if (access == Access::kWrite) return Broken();
  return FailedPrecondition("Not Modified", "notModified", "If-None-Match");
}

// What conditions are compared with. A resource without generations has 0.
struct Version {
  std::int64_t generation = 0, metageneration = 0;
  std::string etag = {};
};

bool Lists(const std::vector<std::string>& etags, const std::string& etag) {
  return std::any_of(etags.begin(), etags.end(),
                     [&](const std::string& e) { return e == "*" || e == etag; });
}

Status Check(const Precondition& when, const Version* live, Access access) {
  if (when.generation_match && *when.generation_match != (live ? live->generation : 0))
    return Broken();
  if (when.metageneration_match && !(live && *when.metageneration_match == live->metageneration))
    return Broken();
  if (!when.etag_match.empty() && !(live && Lists(when.etag_match, live->etag))) return Broken();
  if (when.generation_not_match && !(live && *when.generation_not_match != live->generation)) {
    return BrokenNotMatch(access);
  }
  if (when.metageneration_not_match &&
      !(live && *when.metageneration_not_match != live->metageneration)) {
    return BrokenNotMatch(access);
  }
  if (live && Lists(when.etag_not_match, live->etag)) return BrokenNotMatch(access);
  return {};
}

void AppendField(std::string& out, char tag, std::uint64_t value) {
  out += tag;
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

bool NeedsEtag(const Precondition& when) {
  return !when.etag_match.empty() || !when.etag_not_match.empty();
}

}  // namespace

std::string EtagOf(const Object& object) {
  std::string bytes;
  AppendField(bytes, '\x08', static_cast<std::uint64_t>(object.generation));
  AppendField(bytes, '\x10', static_cast<std::uint64_t>(object.metageneration));
  return Base64(bytes);
}

std::string EtagOf(const Bucket& bucket) {
  std::string bytes;
  AppendField(bytes, '\x08', static_cast<std::uint64_t>(bucket.metageneration));
  return Base64(bytes);
}

std::string EtagOf(const IamPolicy& policy) {
  std::string bytes;
  AppendField(bytes, '\x08', static_cast<std::uint64_t>(policy.revision));
  return Base64(bytes);
}

std::string EtagOf(const HmacKey& key) {
  std::string bytes;
  AppendField(bytes, '\x08', static_cast<std::uint64_t>(key.revision));
  return Base64(bytes);
}

Status CheckPrecondition(const Precondition& when, const Object* live, Access access) {
  if (live == nullptr) return Check(when, nullptr, access);
  const Version version{live->generation, live->metageneration,
                        NeedsEtag(when) ? EtagOf(*live) : std::string()};
  return Check(when, &version, access);
}

Status CheckPrecondition(const Precondition& when, const Bucket& bucket, Access access) {
  Precondition applicable = when;
  applicable.generation_match.reset();
  applicable.generation_not_match.reset();
  const Version version{0, bucket.metageneration, EtagOf(bucket)};
  return Check(applicable, &version, access);
}

}  // namespace landfall::storage
