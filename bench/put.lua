-- wrk: one 1 KiB object per request, names that do not repeat within a connection's thread.
local body = string.rep("x", 1024)
local n = 0
local id = 0
function setup(thread)
  thread:set("id", id)
  id = id + 1
end
function request()
  n = n + 1
  return wrk.format("POST", "/upload/storage/v1/b/bench/o?uploadType=media&name=put/" .. id .. "/" .. n,
    {["Content-Type"] = "application/octet-stream"}, body)
end
function done(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors))
end
