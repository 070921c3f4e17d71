// Errors are values. A Status is OK or (code, message, reason, location); a Result<T> is a T or a
// Status.
//
// code      google.rpc.Code number: the gRPC edge is a cast, the HTTP edge is HttpStatusOf().
// message   for people; names the thing and the rule: "object name is 1100 bytes; the limit is
// 1024". reason    for machines; Google's published word for the failure ("conditionNotMet",
// "notFound", "duplicate"). location  what is to blame when the API says so: a header, a parameter,
// "query". Often empty.
//
// What a client, a peer, a disk or a clock can cause is a Status. What only our own bug can cause
// is CHECK.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace landfall {

enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

std::string_view CodeName(Code code);  // "NOT_FOUND"
int HttpStatusOf(Code code);           // 404

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK, and free: no allocation
  Status(Code code, std::string message, std::string reason = {}, std::string location = {});

  bool ok() const { return state_ == nullptr; }
  Code code() const { return state_ ? state_->code : Code::kOk; }
  const std::string& message() const;
  const std::string& reason() const;
  const std::string& location() const;
  std::string ToString() const;  // "NOT_FOUND: No such object: b/o [notFound]"

  // The same failure seen from further out: "loading gs://b/o: <message>". OK stays OK.
  Status Annotate(std::string_view prefix) const;

  // Lets TRY treat Status and Result alike.
  void value() const {}
  Status status() const { return *this; }

 private:
  struct State {
    Code code;
    std::string message, reason, location;
  };
  std::shared_ptr<const State> state_;
};

inline Status Ok() { return {}; }
// `reason` defaults to Google's usual word for the code.
Status InvalidArgument(std::string message, std::string reason = "invalid",
                       std::string location = {});
Status NotFound(std::string message, std::string reason = "notFound");
Status AlreadyExists(std::string message, std::string reason = "duplicate");
Status FailedPrecondition(std::string message, std::string reason = "conditionNotMet",
                          std::string location = {});
Status Unimplemented(std::string message, std::string reason = "notImplemented",
                     std::string location = {});
Status Internal(std::string message, std::string reason = "internalError");
Status Unavailable(std::string message, std::string reason = "backendError");
Status ResourceExhausted(std::string message, std::string reason = "rateLimitExceeded");
Status OutOfRange(std::string message, std::string reason = "outOfRange");
Status Aborted(std::string message, std::string reason = "aborted");
Status Cancelled(std::string message, std::string reason = "stopped");
Status DataLoss(std::string message, std::string reason = "dataLoss");
Status DeadlineExceeded(std::string message, std::string reason = "timeout");
Status PermissionDenied(std::string message, std::string reason = "accessDenied");

// ENOSPC and EDQUOT become kResourceExhausted/"diskFull"; ENOENT kNotFound; the rest kInternal.
Status FromErrno(int error_number, std::string_view doing);

[[noreturn]] void CheckFailed(const char* file, int line, const char* expression,
                              const std::string& detail);

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(Status status)
      : status_(std::move(status)) {  // NOLINT: implicit, so that `return NotFound(..)` works
    if (status_.ok()) CheckFailed(__FILE__, __LINE__, "a Result needs a value or an error", "");
  }
  template <typename U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Status>)
  Result(U&& value)
      : value_(std::forward<U>(value)) {}  // NOLINT: implicit, so that `return value` works

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  // The value; a bug (CHECK) when this holds an error.
  T& value() & { return Checked(), *value_; }
  const T& value() const& { return Checked(), *value_; }
  T value() && { return Checked(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) && { return ok() ? std::move(*value_) : std::move(fallback); }

 private:
  void Checked() const {
    if (!value_) CheckFailed(__FILE__, __LINE__, "Result::value() on an error", status_.ToString());
  }
  Status status_;
  std::optional<T> value_;
};

}  // namespace landfall

#define LANDFALL_CAT2(a, b) a##b
#define LANDFALL_CAT(a, b) LANDFALL_CAT2(a, b)

// Evaluates to the value of `expr`, or returns its error to our caller. Works for Status too (no
// value then).
#define TRY(expr) LANDFALL_TRY(expr, LANDFALL_CAT(outcome_, __COUNTER__))
#define LANDFALL_TRY(expr, tmp)                    \
  __extension__({                                  \
    auto tmp = (expr);                             \
    if (!tmp.ok()) return std::move(tmp).status(); \
    std::move(tmp).value();                        \
  })

// A broken invariant of ours ends the process, in release builds too: going on would risk the data.
#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) ::landfall::CheckFailed(__FILE__, __LINE__, #condition, std::string{}); \
  } while (false)
#define CHECK_OK(expr)                                                                       \
  do {                                                                                       \
    auto check_status_ = (expr);                                                             \
    if (!check_status_.ok())                                                                 \
      ::landfall::CheckFailed(__FILE__, __LINE__, #expr, check_status_.status().ToString()); \
  } while (false)
