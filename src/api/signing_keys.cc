#include "api/signing_keys.h"

#include <filesystem>
#include <set>

#include "api/api.h"
#include "api/signing_crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/storage.h"

namespace landfall::api {
namespace {

constexpr std::size_t kKeysMax = 1000;
constexpr std::size_t kKeysPerAccountMax = 10;  // Google's limit
constexpr std::size_t kFileBytesMax = 64 * 1024;

Status CheckAccount(std::string_view account) {
  const std::size_t at = account.find('@');
  const bool good = at != std::string_view::npos && at > 0 && at + 1 < account.size() &&
                    account.size() <= 320 &&
                    account.find_first_of("/\\ \t\r\n\"") == std::string_view::npos;
  if (good) return {};
  return InvalidArgument("\"" + std::string(account.substr(0, 100)) +
                         "\" is not a service account's e-mail address");
}

// Our own files and Google's credentials files alike.
Result<ServiceAccountKey> ParseKeyFile(std::string_view text, std::string_view file) {
  const Json json = TRY(ParseJson(text));
  if (!json.is_object()) return InvalidArgument("a key file must hold a JSON object");
  const JsonObject& object = json.get_object();
  ServiceAccountKey key;
  key.id = TRY(StringMember(object, "private_key_id")).value_or(std::string(file));
  key.account = TRY(StringMember(object, "client_email")).value_or("");
  TRY(CheckAccount(key.account));
  const std::string secret = TRY(StringMember(object, "private_key")).value_or("");
  const std::string open = TRY(StringMember(object, "public_key")).value_or("");
  key.public_pem = TRY(RsaPublicPem(open.empty() ? secret : open));
  key.private_pem = secret;
  key.uploaded = TRY(BoolMember(object, "uploaded")).value_or(true);
  if (const auto time = TRY(StringMember(object, "valid_after")))
    key.valid_after = TRY(ParseRfc3339(*time));
  return key;
}

Result<std::string> ReadWhole(FileSystem& files, const std::string& path) {
  const auto file = TRY(files.OpenForRead(path));
  if (file->size_bytes() > kFileBytesMax) return InvalidArgument("a key file is over 64 KiB");
  std::string text(file->size_bytes(), '\0');
  if (!text.empty()) text.resize(TRY(file->ReadAt(0, text)));
  return text;
}

}  // namespace

Status KeyRing::Refresh() {
  const auto listed = files_.List(dir_);
  if (!listed.ok()) {  // no key was ever made
    by_file_.clear();
    return {};
  }
  std::set<std::string, std::less<>> names;
  for (const std::string& name : *listed) {
    if (name.ends_with(".json")) names.insert(name);
  }
  std::erase_if(by_file_, [&](const auto& known) { return !names.contains(known.first); });
  for (const std::string& name : names) {
    if (by_file_.contains(name) || by_file_.size() >= kKeysMax) continue;
    const auto text = ReadWhole(files_, dir_ + "/" + name);
    if (!text.ok()) continue;
    // What is not a key says so by not being found; half a copy is whole at the next look.
    auto key = ParseKeyFile(*text, name.substr(0, name.size() - 5));
    if (key.ok()) by_file_.emplace(name, std::move(*key));
  }
  return {};
}

Status KeyRing::Write(const ServiceAccountKey& key) {
  TRY(files_.MakeDirs(dir_));
  std::error_code ignored;  // private halves are for the server's user alone
  std::filesystem::permissions(dir_, std::filesystem::perms::owner_all, ignored);
  JsonObject json{{"client_email", key.account},
                  {"private_key_id", key.id},
                  {"public_key", key.public_pem},
                  {"valid_after", FormatRfc3339(key.valid_after)},
                  {"uploaded", key.uploaded}};
  if (!key.private_pem.empty()) json["private_key"] = key.private_pem;
  const std::string path = dir_ + "/" + key.id;
  const auto file = TRY(files_.OpenForAppend(path + ".part"));
  TRY(file->Write(ToText(json)));
  TRY(file->Sync());
  TRY(files_.Rename(path + ".part", path + ".json"));
  return files_.SyncDir(dir_);
}

Result<ServiceAccountKey> KeyRing::Add(ServiceAccountKey key) {
  std::size_t of_account = 0;
  for (const auto& [file, known] : by_file_) of_account += known.account == key.account ? 1 : 0;
  if (of_account >= kKeysPerAccountMax || by_file_.size() >= kKeysMax) {
    return FailedPrecondition(
        "service account " + key.account + " has " + std::to_string(of_account) +
            " keys and the server " + std::to_string(by_file_.size()) + "; the limits are " +
            std::to_string(kKeysPerAccountMax) + " and " + std::to_string(kKeysMax),
        "failedPrecondition");
  }
  key.id = RandomHex(random_, 20);
  key.valid_after = clock_.Now();
  TRY(Write(key));
  by_file_[key.id + ".json"] = key;
  return key;
}

Result<KeyRing::Made> KeyRing::Create(std::string_view account) {
  TRY(CheckAccount(account));
  RsaKey pair = TRY(MakeRsaKey());
  const MutexLock lock(mu_);
  TRY(Refresh());
  return Made{TRY(Add({.account = std::string(account), .public_pem = std::move(pair.public_pem)})),
              std::move(pair.private_pem)};
}

Result<ServiceAccountKey> KeyRing::Upload(std::string_view account, std::string_view pem) {
  TRY(CheckAccount(account));
  std::string open = TRY(RsaPublicPem(pem));
  const MutexLock lock(mu_);
  TRY(Refresh());
  return Add({.account = std::string(account), .public_pem = std::move(open), .uploaded = true});
}

Result<std::vector<ServiceAccountKey>> KeyRing::List(std::string_view account) {
  const MutexLock lock(mu_);
  TRY(Refresh());
  std::vector<ServiceAccountKey> keys;
  for (const auto& [file, key] : by_file_) {
    if (key.account == account) keys.push_back(key);
  }
  return keys;
}

Result<ServiceAccountKey> KeyRing::Get(std::string_view account, std::string_view id) {
  for (ServiceAccountKey& key : TRY(List(account))) {
    if (key.id == id) return std::move(key);
  }
  return NotFound("Service account key " + std::string(id.substr(0, 100)) + " does not exist.");
}

Status KeyRing::Delete(std::string_view account, std::string_view id) {
  const MutexLock lock(mu_);
  TRY(Refresh());
  for (const auto& [file, key] : by_file_) {
    if (key.account != account || key.id != id) continue;
    TRY(files_.Remove(dir_ + "/" + file));
    TRY(files_.SyncDir(dir_));
    by_file_.erase(file);
    return {};
  }
  return NotFound("Service account key " + std::string(id.substr(0, 100)) + " does not exist.");
}

Result<ServiceAccountKey> KeyRing::SigningKey(std::string_view account) {
  TRY(CheckAccount(account));
  const MutexLock lock(mu_);
  TRY(Refresh());
  for (const auto& [file, key] : by_file_) {
    if (key.account == account && !key.private_pem.empty()) return key;
  }
  RsaKey pair = TRY(MakeRsaKey());
  return Add({.account = std::string(account),
              .public_pem = std::move(pair.public_pem),
              .private_pem = std::move(pair.private_pem)});
}

Result<std::string> StoredSigningKeys::HmacSecret(const CallContext& ctx,
                                                  std::string_view access_id) {
  storage::HmacKey key = TRY(storage_.GetHmacKey(ctx, access_id));
  if (key.state != "ACTIVE") return NotFound("the HMAC key is not active");
  return std::move(key.secret);
}

Result<std::vector<std::string>> StoredSigningKeys::RsaPublicKeys(std::string_view account) {
  std::vector<std::string> keys;
  for (ServiceAccountKey& key : TRY(ring_->List(account)))
    keys.push_back(std::move(key.public_pem));
  if (keys.empty()) return NotFound("no key of " + std::string(account));
  return keys;
}

Signing MakeSigning(std::string dir, FileSystem& files, Clock& clock, Random& random,
                    storage::Storage& storage) {
  auto ring = std::make_shared<KeyRing>(std::move(dir), files, clock, random);
  return {ring, std::make_shared<StoredSigningKeys>(ring, storage)};
}

}  // namespace landfall::api
