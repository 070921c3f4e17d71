// The part of IAM that signing needs: keys of service accounts, and signBlob.
#include "api/api.h"
#include "api/json_error.h"
#include "api/signing_crypto.h"
#include "api/signing_keys.h"
#include "base/json.h"
#include "base/text.h"

namespace landfall::api {
namespace {

constexpr std::size_t kBodyBytesMax = 1 << 20;

Result<JsonObject> JsonBody(net::Request& request) {
  const std::string text = TRY(net::ReadBody(request, kBodyBytesMax));
  if (Trim(text).empty()) return JsonObject();
  Json body = TRY(ParseJson(text));
  if (!body.is_object()) return InvalidArgument("the body must be a JSON object", "parseError");
  return std::move(body.get_object());
}

// "-" stands for the account's own project.
std::string ProjectOf(std::string_view project, std::string_view account) {
  if (project != "-") return std::string(project);
  const std::string_view domain = account.substr(account.find('@') + 1);
  return std::string(domain.substr(0, domain.find('.')));
}

JsonObject KeyJson(const net::Request& request, const ServiceAccountKey& key) {
  return {{"name", "projects/" + ProjectOf(request.Param("project"), key.account) +
                       "/serviceAccounts/" + key.account + "/keys/" + key.id},
          {"keyAlgorithm", "KEY_ALG_RSA_2048"},
          {"keyOrigin", key.uploaded ? "USER_PROVIDED" : "GOOGLE_PROVIDED"},
          {"keyType", key.private_pem.empty() || key.uploaded ? "USER_MANAGED" : "SYSTEM_MANAGED"},
          {"validAfterTime", FormatRfc3339(key.valid_after)},
          {"validBeforeTime", "9999-12-31T23:59:59Z"}};
}

// Google's credentials file, as client libraries read it.
std::string CredentialsFile(const net::Request& request, const KeyRing::Made& made) {
  const std::string& account = made.key.account;
  return ToText(
      JsonObject{{"type", "service_account"},
                 {"project_id", ProjectOf(request.Param("project"), account)},
                 {"private_key_id", made.key.id},
                 {"private_key", made.private_pem},
                 {"client_email", account},
                 {"client_id", ""},
                 {"auth_uri", "https://accounts.google.com/o/oauth2/auth"},
                 {"token_uri", "https://oauth2.googleapis.com/token"},
                 {"auth_provider_x509_cert_url", "https://www.googleapis.com/oauth2/v1/certs"},
                 {"client_x509_cert_url",
                  "https://www.googleapis.com/robot/v1/metadata/x509/" + PercentEncode(account)},
                 {"universe_domain", "googleapis.com"}});
}

Result<net::Response> CreateKey(KeyRing& ring, net::Request& request) {
  const JsonObject body = TRY(JsonBody(request));
  const std::string type =
      TRY(StringMember(body, "privateKeyType")).value_or("TYPE_GOOGLE_CREDENTIALS_FILE");
  const std::string algorithm =
      TRY(StringMember(body, "keyAlgorithm")).value_or("KEY_ALG_RSA_2048");
  if (type != "TYPE_GOOGLE_CREDENTIALS_FILE" && type != "TYPE_UNSPECIFIED") {
    return Unimplemented("privateKeyType " + type.substr(0, 100) + " is not implemented");
  }
  if (algorithm != "KEY_ALG_RSA_2048" && algorithm != "KEY_ALG_UNSPECIFIED") {
    return Unimplemented("keyAlgorithm " + algorithm.substr(0, 100) + " is not implemented");
  }
  const KeyRing::Made made = TRY(ring.Create(request.Param("account")));
  JsonObject answer = KeyJson(request, made.key);
  answer["privateKeyType"] = "TYPE_GOOGLE_CREDENTIALS_FILE";
  answer["privateKeyData"] = Base64(CredentialsFile(request, made));
  return JsonResponse(answer);
}

Result<net::Response> UploadKey(KeyRing& ring, net::Request& request) {
  const JsonObject body = TRY(JsonBody(request));
  const std::string data = TRY(StringMember(body, "publicKeyData")).value_or("");
  const std::string pem = TRY(FromBase64(data));
  return JsonResponse(KeyJson(request, TRY(ring.Upload(request.Param("account"), pem))));
}

Result<net::Response> ListKeys(KeyRing& ring, net::Request& request) {
  JsonArray keys;
  for (const ServiceAccountKey& key : TRY(ring.List(request.Param("account"))))
    keys.push_back(KeyJson(request, key));
  return JsonResponse(keys.empty() ? JsonObject() : JsonObject{{"keys", std::move(keys)}});
}

Result<net::Response> GetKey(KeyRing& ring, net::Request& request) {
  const ServiceAccountKey key = TRY(ring.Get(request.Param("account"), request.Param("key")));
  JsonObject answer = KeyJson(request, key);
  if (const auto type = request.Query("publicKeyType"); type && *type != "TYPE_NONE") {
    if (*type != "TYPE_RAW_PUBLIC_KEY") {
      return Unimplemented("publicKeyType " + std::string(type->substr(0, 100)) +
                           " is not implemented");
    }
    answer["publicKeyData"] = Base64(key.public_pem);
  }
  return JsonResponse(answer);
}

Result<net::Response> DeleteKey(KeyRing& ring, net::Request& request) {
  TRY(ring.Delete(request.Param("account"), request.Param("key")));
  return JsonResponse(JsonObject());
}

Result<net::Response> SignBlob(KeyRing& ring, net::Request& request) {
  const JsonObject body = TRY(JsonBody(request));
  const std::string payload = TRY(StringMember(body, "payload")).value_or("");
  const std::string blob = TRY(FromBase64(payload));
  const ServiceAccountKey key = TRY(ring.SigningKey(request.Param("account")));
  return JsonResponse(
      JsonObject{{"keyId", key.id}, {"signedBlob", Base64(TRY(RsaSign(key.private_pem, blob)))}});
}

}  // namespace

net::Api MakeSigningIam(std::shared_ptr<KeyRing> ring) {
  using Served = Result<net::Response> (*)(KeyRing&, net::Request&);
  const auto route = [ring](net::Method method, std::string_view path, std::string name,
                            Served served) {
    return net::Route{
        .method = method,
        .pattern = "/v1/projects/{project}/serviceAccounts/{account}" + std::string(path),
        .name = std::move(name),
        .handler = [ring, served](net::Request& request) { return served(*ring, request); }};
  };
  net::Api api;
  api.name = "iam";
  api.routes = {
      route(net::Method::kPost, "/keys", "iam.projects.serviceAccounts.keys.create", CreateKey),
      route(net::Method::kPost, "/keys:upload", "iam.projects.serviceAccounts.keys.upload",
            UploadKey),
      route(net::Method::kGet, "/keys", "iam.projects.serviceAccounts.keys.list", ListKeys),
      route(net::Method::kGet, "/keys/{key}", "iam.projects.serviceAccounts.keys.get", GetKey),
      route(net::Method::kDelete, "/keys/{key}", "iam.projects.serviceAccounts.keys.delete",
            DeleteKey),
      route(net::Method::kPost, ":signBlob", "iamcredentials.projects.serviceAccounts.signBlob",
            SignBlob)};
  for (const std::string_view verb : {"signJwt", "generateAccessToken", "generateIdToken"}) {
    api.routes.push_back({net::Method::kPost,
                          "/v1/projects/{project}/serviceAccounts/{account}:" + std::string(verb),
                          "iamcredentials.projects.serviceAccounts." + std::string(verb),
                          {}});
  }
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kWithStatus);
  };
  return api;
}

}  // namespace landfall::api
