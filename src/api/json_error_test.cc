#include "api/json_error.h"

#include <gtest/gtest.h>

namespace landfall::api {
namespace {

TEST(JsonError, ReasonDecidesTheHttpStatusBeforeTheCode) {
  const struct {
    Status error;
    int http;
  } rows[] = {
      {NotFound("x"), 404},
      {NotFound("x", "gone"), 410},
      {FailedPrecondition("x"), 412},
      {FailedPrecondition("x", "notModified"), 304},
      {FailedPrecondition("x", "badRequest"), 400},
      {AlreadyExists("x", "conflict"), 409},
      {ResourceExhausted("x"), 429},
      {ResourceExhausted("x", "diskFull"), 507},
      {ResourceExhausted("x", "uploadTooLarge"), 413},
      {OutOfRange("x", "requestedRangeNotSatisfiable"), 416},
      {Unimplemented("x"), 501},
      {Unimplemented("x", "methodNotAllowed"), 405},
      {Unavailable("x"), 503},
  };
  for (const auto& row : rows)
    EXPECT_EQ(HttpStatusOfError(row.error), row.http) << row.error.ToString();
}

TEST(JsonError, HasGooglesShape) {
  EXPECT_EQ(
      ErrorJson(NotFound("No such object: b/o"), ErrorShape::kPlain),
      R"({"error":{"code":404,"message":"No such object: b/o",)"
      R"("errors":[{"message":"No such object: b/o","domain":"global","reason":"notFound"}]}})");
}

TEST(JsonError, NamesTheHeaderOrParameterToBlame) {
  EXPECT_NE(ErrorJson(FailedPrecondition("m", "conditionNotMet", "If-Match"), ErrorShape::kPlain)
                .find(R"("locationType":"header","location":"If-Match")"),
            std::string::npos);
  EXPECT_NE(ErrorJson(InvalidArgument("m", "required", "name"), ErrorShape::kWithStatus)
                .find(R"("locationType":"parameter","location":"name")"),
            std::string::npos);
}

TEST(JsonError, NotModifiedHasNoBody) {
  const net::Response response =
      JsonErrorResponse(FailedPrecondition("m", "notModified"), ErrorShape::kPlain);
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(std::get<std::string>(response.body), "");
}

}  // namespace
}  // namespace landfall::api
