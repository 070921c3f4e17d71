// Makes one request fail as an instruction of the retry API says. Private to the storage adapter;
// testbench profile only.
#pragma once

#include <functional>

#include "api/storage_retry_tests.h"
#include "net/net.h"

namespace landfall::api::storage_json {

struct FaultSite {
  const Fault& fault;
  net::Request& request;
  bool download = false;                         // the answer is an object's bytes
  std::function<Result<net::Response>()> serve;  // what the request does without the fault
  std::function<void()> fired;                   // called once, if the fault had its effect
};
Result<net::Response> ServeWithFault(const FaultSite& site);

// Serves a request, with the fault that its headers x-retry-test-id or x-goog-emulator-instructions
// ask for, if any.
Result<net::Response> ServeUnderTests(RetryTests& tests, net::Request& request, bool download,
                                      const std::function<Result<net::Response>()>& serve);

}  // namespace landfall::api::storage_json
