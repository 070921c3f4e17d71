// The RSA keys of service accounts that sign URLs and POST policies, one JSON file per key in
// DATA_DIR/signing-keys. A key gets there in four ways:
//
//   keys.create   POST /v1/projects/P/serviceAccounts/EMAIL/keys answers Google's credentials file
//                 (`gcloud iam service-accounts keys create`); only the public half stays here.
//   keys.upload   POST .../keys:upload brings a certificate or public key of your own.
//   a file        a service-account JSON file you already have, copied into the directory, is read
//                 at the next request; no restart.
//   signBlob      POST /v1/projects/-/serviceAccounts/EMAIL:signBlob makes the account a key that
//                 the server keeps and signs with, as clients without a key of their own ask for.
//
// An account needs no other registration: its keys are what makes it known.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/signing.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/mutex.h"
#include "base/random.h"

namespace landfall::storage {
class Storage;
}

namespace landfall::api {

struct ServiceAccountKey {
  std::string id = {}, account = {}, public_pem = {};
  std::string private_pem = {};  // only of keys that the server itself signs with
  TimePoint valid_after = {};
  bool uploaded = false;
};

// Thread-safe. Everything is durable on return.
class KeyRing {
 public:
  KeyRing(std::string dir, FileSystem& files, Clock& clock, Random& random)
      : dir_(std::move(dir)), files_(files), clock_(clock), random_(random) {}

  struct Made {
    ServiceAccountKey key;
    std::string private_pem;  // for the caller alone
  };
  Result<Made> Create(std::string_view account);
  Result<ServiceAccountKey> Upload(std::string_view account, std::string_view pem);
  Result<std::vector<ServiceAccountKey>> List(std::string_view account);
  Result<ServiceAccountKey> Get(std::string_view account, std::string_view id);
  Status Delete(std::string_view account, std::string_view id);
  // The key the server signs with for this account; made on first use.
  Result<ServiceAccountKey> SigningKey(std::string_view account);

 private:
  // Reads files that are new in the directory and forgets what has gone.
  Status Refresh() REQUIRES(mu_);
  Result<ServiceAccountKey> Add(ServiceAccountKey key) REQUIRES(mu_);
  Status Write(const ServiceAccountKey& key) REQUIRES(mu_);

  const std::string dir_;
  FileSystem& files_;
  Clock& clock_;
  Random& random_;
  Mutex mu_;
  std::map<std::string, ServiceAccountKey, std::less<>> by_file_ GUARDED_BY(mu_);
};

// RSA keys from a ring, HMAC keys from the storage API.
class StoredSigningKeys final : public SigningKeys {
 public:
  StoredSigningKeys(std::shared_ptr<KeyRing> ring, storage::Storage& storage)
      : ring_(std::move(ring)), storage_(storage) {}
  Result<std::string> HmacSecret(const CallContext& ctx, std::string_view access_id) override;
  Result<std::vector<std::string>> RsaPublicKeys(std::string_view account) override;

 private:
  std::shared_ptr<KeyRing> ring_;
  storage::Storage& storage_;
};

}  // namespace landfall::api
