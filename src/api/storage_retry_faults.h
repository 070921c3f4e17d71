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
  std::function<Result<net::Response>()> serve;  // what the request does without the fault
  std::function<void()> fired;                   // called once, if the fault had its effect
};
Result<net::Response> ServeWithFault(const FaultSite& site);

}  // namespace landfall::api::storage_json
