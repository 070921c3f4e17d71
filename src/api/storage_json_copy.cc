// copy, rewrite, move, compose, restore.
#include "api/json_error.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"

namespace landfall::api::storage_json {
namespace {

// Bucket, name and kmsKeyName of the body give way to the URL.
Result<ObjectBody> DestinationBody(JsonObject body) {
  for (const std::string_view name : {"bucket", "name", "kmsKeyName"}) body.erase(name);
  return ParseObjectBody(body);
}

Result<storage::CopySpec> CopySpecOf(net::Request& request, std::string_view bucket) {
  storage::CopySpec spec;
  spec.source_bucket = request.Param("bucket");
  spec.source_name = request.Param("object");
  spec.source_generation = TRY(Int64Query(request, "sourceGeneration"));
  spec.source_when = TRY(SourcePreconditionOf(request));
  spec.destination.bucket = bucket;
  spec.destination.name = request.Param("destination");
  spec.destination.when = TRY(PreconditionOf(request));
  ObjectBody body = TRY(DestinationBody(TRY(ReadJsonBody(request))));
  spec.destination.attributes = std::move(body.attributes);
  spec.own_attributes = body.stated;
  return spec;
}

Status RefuseBothMatches(const net::Request& request, std::string_view match,
                         std::string_view not_match) {
  if (TextQuery(request, match).empty() || TextQuery(request, not_match).empty()) return {};
  return InvalidArgument(
      std::string(match) + " and " + std::string(not_match) + " cannot be combined on a move",
      "invalidParameter", std::string(not_match));
}

Result<storage::ComposeSource> ParseSource(const Json& json) {
  if (!json.is_object())
    return InvalidArgument("sourceObjects must hold objects", "invalidArgument", "sourceObjects");
  const JsonObject& body = json.get_object();
  constexpr std::string_view kFields[] = {"name", "generation", "objectPreconditions"};
  TRY(CheckFields(body, "compose source", kFields, {}, {}));
  storage::ComposeSource source;
  source.name = TRY(TextOr(body, "name"));
  source.generation = TRY(Int64Member(body, "generation"));
  if (const JsonObject* when = TRY(ObjectMember(body, "objectPreconditions"))) {
    constexpr std::string_view kWhen[] = {"ifGenerationMatch"};
    TRY(CheckFields(*when, "compose source precondition", kWhen, {}, {}));
    source.generation_match = TRY(Int64Member(*when, "ifGenerationMatch"));
  }
  return source;
}

}  // namespace

Result<net::Response> Adapter::CopyObject(net::Request& request) {
  storage::CopySpec spec = TRY(CopySpecOf(request, request.Param("to")));
  TRY(AddPredefinedAcl(request, "destinationPredefinedAcl", spec.destination));
  return AnswerObject(request, TRY(storage_.Copy(request.context, spec)));
}

Result<net::Response> Adapter::MoveObject(net::Request& request) {
  TRY(RefuseBothMatches(request, "ifGenerationMatch", "ifGenerationNotMatch"));
  TRY(RefuseBothMatches(request, "ifMetagenerationMatch", "ifMetagenerationNotMatch"));
  TRY(RefuseBothMatches(request, "ifSourceGenerationMatch", "ifSourceGenerationNotMatch"));
  TRY(RefuseBothMatches(request, "ifSourceMetagenerationMatch", "ifSourceMetagenerationNotMatch"));
  const storage::CopySpec spec = TRY(CopySpecOf(request, request.Param("bucket")));
  return AnswerObject(request, TRY(storage_.Move(request.context, spec)));
}

Result<net::Response> Adapter::RewriteObject(net::Request& request) {
  storage::RewriteSpec spec{.copy = TRY(CopySpecOf(request, request.Param("to"))),
                            .token = TextQuery(request, "rewriteToken")};
  TRY(AddPredefinedAcl(request, "destinationPredefinedAcl", spec.copy.destination));
  if (const auto bytes = TRY(Int64Query(request, "maxBytesRewrittenPerCall")))
    spec.bytes_max = static_cast<std::uint64_t>(*bytes);
  const storage::RewriteStatus status = TRY(storage_.Rewrite(request.context, spec));
  JsonObject body{{"kind", "storage#rewriteResponse"},
                  {"totalBytesRewritten", std::to_string(status.rewritten_bytes)},
                  {"objectSize", std::to_string(status.object_bytes)},
                  {"done", status.object.has_value()}};
  if (status.object) {
    JsonObject resource = ObjectJson(*status.object, request.BaseUrl());
    if (TRY(WantsFull(request))) {
      AddObjectAcl(*status.object, TRY(storage_.GetBucket(request.context, status.object->bucket)),
                   resource);
    }
    body["resource"] = std::move(resource);
  } else {
    body["rewriteToken"] = status.token;
  }
  return Answer(request, body);
}

Result<net::Response> Adapter::ComposeObject(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  constexpr std::string_view kFields[] = {"destination", "sourceObjects", "deleteSourceObjects"};
  constexpr std::string_view kOutputOnly[] = {"kind"};
  TRY(CheckFields(body, "compose request", kFields, kOutputOnly, {}));
  storage::ComposeSpec spec;
  spec.destination.bucket = request.Param("bucket");
  spec.destination.name = request.Param("object");
  spec.destination.when = TRY(PreconditionOf(request));
  if (const JsonObject* destination = TRY(ObjectMember(body, "destination"))) {
    TRY(CheckAgrees(*destination, "bucket", spec.destination.bucket));
    TRY(CheckAgrees(*destination, "name", spec.destination.name));
    JsonObject described = *destination;
    // Clients send back all they know of the object that is replaced, its sums among it.
    described.erase("md5Hash");
    described.erase("crc32c");
    ObjectBody parsed = TRY(DestinationBody(std::move(described)));
    spec.destination.attributes = std::move(parsed.attributes);
  }
  if (const JsonArray* sources = TRY(ArrayMember(body, "sourceObjects"))) {
    for (const Json& source : *sources) spec.sources.push_back(TRY(ParseSource(source)));
  }
  spec.delete_sources = TRY(BoolMember(body, "deleteSourceObjects")).value_or(false) ||
                        TRY(BoolQuery(request, "deleteSourceObjects"));
  TRY(AddPredefinedAcl(request, "destinationPredefinedAcl", spec.destination));
  return AnswerObject(request, TRY(storage_.Compose(request.context, spec)));
}

Result<net::Response> Adapter::RestoreObject(net::Request& request) {
  TRY(RequiredQuery(request, "generation"));
  const std::int64_t generation = TRY(GenerationOf(request)).value();
  const storage::ObjectSpec spec{.bucket = std::string(request.Param("bucket")),
                                 .name = std::string(request.Param("object")),
                                 .when = TRY(PreconditionOf(request))};
  TRY(ReadJsonBody(request));
  return AnswerObject(request, TRY(storage_.Restore(request.context, spec, generation,
                                                    TRY(BoolQuery(request, "copySourceAcl")))));
}

}  // namespace landfall::api::storage_json
