// HMAC keys: metadata and secrets of the XML API's other way to sign.
#include "base/text.h"
#include "storage/keys.h"
#include "storage/local_storage.h"

namespace landfall::storage {
namespace {

// Cloud Storage's limit is 10; clients' own test suites make hundreds.
constexpr std::size_t kKeysPerAccountMax = 2000;

Status NoSuchKey(std::string_view access_id) {
  return NotFound("Access ID not found: " + std::string(access_id.substr(0, 100)));
}

Result<HmacKey> FindKey(meta::Reader& reader, std::string_view access_id) {
  const auto row = TRY(reader.Get(HmacKeyKey(access_id)));
  if (!row) return NoSuchKey(access_id);
  return DecodeHmacKey(*row);
}

Result<std::vector<HmacKey>> KeysOf(meta::Reader& reader, std::string_view project) {
  std::vector<HmacKey> keys;
  Status bad;
  TRY(reader.Scan(meta::PrefixRange(HmacKeysPrefix()),
                  [&](std::string_view, std::string_view value) {
                    auto key = DecodeHmacKey(value);
                    if (!key.ok()) bad = key.status();
                    if (key.ok() && key->project == project) keys.push_back(*std::move(key));
                    return bad.ok();
                  }));
  TRY(bad);
  return keys;
}

}  // namespace

Result<HmacKey> LocalStorage::CreateHmacKey(const CallContext&, std::string_view project,
                                            std::string_view service_account) {
  HmacKey key{.project = std::string(project), .service_account = std::string(service_account)};
  // "GOOG1E" and 55 more of A-Z and 2-7; 40 characters of base64.
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  key.access_id = "GOOG1E";
  while (key.access_id.size() < 61) key.access_id += kAlphabet[random_.Next() % kAlphabet.size()];
  std::string bytes;
  while (bytes.size() < 30) bytes += static_cast<char>(random_.Next() & 0xff);
  key.secret = Base64(bytes);
  key.time_created = key.updated = clock_.Now();
  TRY(blobs_.CheckSpace());
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    std::size_t same = 0;
    for (const HmacKey& other : TRY(KeysOf(txn, project)))
      same += other.service_account == service_account && other.state != "DELETED" ? 1 : 0;
    if (same >= kKeysPerAccountMax) {
      return ResourceExhausted("service account " + std::string(service_account) + " has " +
                                   std::to_string(same) + " HMAC keys, which is the limit",
                               "quotaExceeded");
    }
    txn.Put(HmacKeyKey(key.access_id), EncodeHmacKey(key));
    return {};
  }));
  return key;
}

Result<HmacKey> LocalStorage::GetHmacKey(const CallContext&, std::string_view access_id) {
  return FindKey(*meta_.Snapshot(), access_id);
}

Result<std::vector<HmacKey>> LocalStorage::ListHmacKeys(const CallContext&,
                                                        std::string_view project) {
  return KeysOf(*meta_.Snapshot(), project);
}

Result<HmacKey> LocalStorage::UpdateHmacKey(const CallContext&, std::string_view access_id,
                                            std::string_view state, std::string_view etag) {
  if (state != "ACTIVE" && state != "INACTIVE")
    return InvalidArgument("state must be ACTIVE or INACTIVE", "invalid", "state");
  HmacKey key;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    key = TRY(FindKey(txn, access_id));
    if (key.state == "DELETED")
      return InvalidArgument("A deleted HMAC key cannot be updated.", "invalid");
    if (!etag.empty() && etag != EtagOf(key)) {
      return FailedPrecondition("At least one of the pre-conditions you specified did not hold.",
                                "conditionNotMet", "If-Match");
    }
    key.state = std::string(state);
    key.updated = clock_.Now();
    ++key.revision;
    txn.Put(HmacKeyKey(access_id), EncodeHmacKey(key));
    return {};
  }));
  return key;
}

Status LocalStorage::DeleteHmacKey(const CallContext&, std::string_view access_id) {
  return meta_.Commit([&](meta::Txn& txn) -> Status {
    HmacKey key = TRY(FindKey(txn, access_id));
    if (key.state == "DELETED") return NoSuchKey(access_id);
    if (key.state != "INACTIVE")
      return InvalidArgument("Cannot delete keys in '" + key.state + "' state.", "invalid");
    // It stays visible to showDeletedKeys, but can never sign again.
    key.state = "DELETED";
    key.secret.clear();
    key.updated = clock_.Now();
    ++key.revision;
    txn.Put(HmacKeyKey(access_id), EncodeHmacKey(key));
    return {};
  });
}

}  // namespace landfall::storage
