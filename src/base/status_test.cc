#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace landfall {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}
Result<int> Quarter(int n) { return TRY(Half(TRY(Half(n)))); }
Status Check(int n) {
  TRY(Half(n));
  return {};
}

TEST(Status, OkHasNoCodeAndNoMessage) {
  const Status ok;
  EXPECT_TRUE(ok.ok());
  EXPECT_EQ(ok.code(), Code::kOk);
  EXPECT_EQ(ok.message(), "");
}

TEST(Status, TellsCodeMessageReasonAndLocation) {
  const Status status = InvalidArgument("bad x", "invalidParameter", "x");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), "invalidParameter");
  EXPECT_EQ(status.location(), "x");
  EXPECT_EQ(status.ToString(), "INVALID_ARGUMENT: bad x [invalidParameter]");
}

TEST(Status, AnnotateKeepsEverythingButTheMessage) {
  const Status status = NotFound("no b").Annotate("loading a");
  EXPECT_EQ(status.message(), "loading a: no b");
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_TRUE(Status().Annotate("x").ok());
}

TEST(Status, CodesMapToTheDocumentedHttpStatus) {
  EXPECT_EQ(HttpStatusOf(Code::kNotFound), 404);
  EXPECT_EQ(HttpStatusOf(Code::kAlreadyExists), 409);
  EXPECT_EQ(HttpStatusOf(Code::kUnimplemented), 501);
  EXPECT_EQ(HttpStatusOf(Code::kUnauthenticated), 401);
  EXPECT_EQ(CodeName(Code::kDataLoss), "DATA_LOSS");
}

TEST(Status, AFullDiskHasAReasonOfItsOwn) {
  EXPECT_EQ(FromErrno(ENOSPC, "writing x").reason(), "diskFull");
  EXPECT_EQ(FromErrno(ENOENT, "opening x").code(), Code::kNotFound);
  EXPECT_EQ(FromErrno(EIO, "reading x").code(), Code::kInternal);
}

TEST(Result, TryReturnsTheValueOrTheCallersError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_FALSE(Check(3).ok());
  EXPECT_TRUE(Check(4).ok());
}

TEST(Result, MovesOnlyTypesThrough) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, TheValueOfAnErrorIsABug) {
  EXPECT_DEATH(static_cast<void>(Half(3).value()), "CHECK failed.*odd");
}

}  // namespace
}  // namespace landfall
