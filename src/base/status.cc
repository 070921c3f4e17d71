#include "base/status.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace landfall {
namespace {

const std::string kEmpty;

struct CodeRow {
  Code code;
  std::string_view name;
  int http;
};

// google/rpc/code.proto, in order; the HTTP column is the mapping documented there.
constexpr CodeRow kCodes[] = {
    {Code::kOk, "OK", 200},
    {Code::kCancelled, "CANCELLED", 499},
    {Code::kUnknown, "UNKNOWN", 500},
    {Code::kInvalidArgument, "INVALID_ARGUMENT", 400},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
    {Code::kNotFound, "NOT_FOUND", 404},
    {Code::kAlreadyExists, "ALREADY_EXISTS", 409},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 403},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 429},
    {Code::kFailedPrecondition, "FAILED_PRECONDITION", 400},
    {Code::kAborted, "ABORTED", 409},
    {Code::kOutOfRange, "OUT_OF_RANGE", 400},
    {Code::kUnimplemented, "UNIMPLEMENTED", 501},
    {Code::kInternal, "INTERNAL", 500},
    {Code::kUnavailable, "UNAVAILABLE", 503},
    {Code::kDataLoss, "DATA_LOSS", 500},
    {Code::kUnauthenticated, "UNAUTHENTICATED", 401},
};

}  // namespace

std::string_view CodeName(Code code) { return kCodes[static_cast<std::size_t>(code)].name; }
int HttpStatusOf(Code code) { return kCodes[static_cast<std::size_t>(code)].http; }

Status::Status(Code code, std::string message, std::string reason, std::string location)
    : state_(code == Code::kOk
                 ? nullptr
                 : std::make_shared<State>(
                       State{code, std::move(message), std::move(reason), std::move(location)})) {}

const std::string& Status::message() const { return state_ ? state_->message : kEmpty; }
const std::string& Status::reason() const { return state_ ? state_->reason : kEmpty; }
const std::string& Status::location() const { return state_ ? state_->location : kEmpty; }

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text = std::string(CodeName(code())) + ": " + message();
  if (!reason().empty()) text += " [" + reason() + "]";
  return text;
}

Status Status::Annotate(std::string_view prefix) const {
  if (ok()) return {};
  return {code(), std::string(prefix) + ": " + message(), reason(), location()};
}

Status InvalidArgument(std::string message, std::string reason, std::string location) {
  return {Code::kInvalidArgument, std::move(message), std::move(reason), std::move(location)};
}
Status NotFound(std::string message, std::string reason) {
  return {Code::kNotFound, std::move(message), std::move(reason)};
}
Status AlreadyExists(std::string message, std::string reason) {
  return {Code::kAlreadyExists, std::move(message), std::move(reason)};
}
Status FailedPrecondition(std::string message, std::string reason, std::string location) {
  return {Code::kFailedPrecondition, std::move(message), std::move(reason), std::move(location)};
}
Status Unimplemented(std::string message, std::string reason, std::string location) {
  return {Code::kUnimplemented, std::move(message), std::move(reason), std::move(location)};
}
Status Internal(std::string message, std::string reason) {
  return {Code::kInternal, std::move(message), std::move(reason)};
}
Status Unavailable(std::string message, std::string reason) {
  return {Code::kUnavailable, std::move(message), std::move(reason)};
}
Status ResourceExhausted(std::string message, std::string reason) {
  return {Code::kResourceExhausted, std::move(message), std::move(reason)};
}
Status OutOfRange(std::string message, std::string reason) {
  return {Code::kOutOfRange, std::move(message), std::move(reason)};
}
Status Aborted(std::string message, std::string reason) {
  return {Code::kAborted, std::move(message), std::move(reason)};
}
Status Cancelled(std::string message, std::string reason) {
  return {Code::kCancelled, std::move(message), std::move(reason)};
}
Status DataLoss(std::string message, std::string reason) {
  return {Code::kDataLoss, std::move(message), std::move(reason)};
}
Status DeadlineExceeded(std::string message, std::string reason) {
  return {Code::kDeadlineExceeded, std::move(message), std::move(reason)};
}
Status PermissionDenied(std::string message, std::string reason) {
  return {Code::kPermissionDenied, std::move(message), std::move(reason)};
}

Status FromErrno(int error_number, std::string_view doing) {
  std::string message = std::string(doing) + ": " + std::strerror(error_number);
  if (error_number == ENOSPC || error_number == EDQUOT)
    return ResourceExhausted(std::move(message), "diskFull");
  if (error_number == ENOENT) return NotFound(std::move(message));
  return Internal(std::move(message));
}

void CheckFailed(const char* file, int line, const char* expression, const std::string& detail) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s %s\n", file, line, expression, detail.c_str());
  std::abort();
}

}  // namespace landfall
