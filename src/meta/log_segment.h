// One file of the commit log: groups of writes, one after another, each durable before the next is
// begun. Private to meta.
//
// record:  crc32c of the rest: 4 | payload bytes: 4 | epoch: 8 | number: 8 | payload
// payload: (key bytes: 4 | value bytes: 4, FFFFFFFF deletes | key | value)*          integers
// little-endian
//
// A segment is written again from its start when its groups are safe elsewhere; overwriting blocks
// that exist makes the sync up to twice as fast as growing a file. What is left of an earlier use
// ends the reading, because numbers rise by one within a segment and an epoch is never used twice.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "meta/engine.h"

namespace landfall::meta {

struct LogRecord {
  std::uint64_t epoch = 0, number = 0;
  WriteMap writes;
};

class LogSegment {
 public:
  static Result<std::unique_ptr<LogSegment>> Open(const std::string& path);
  virtual ~LogSegment() = default;

  // All whole records from the start on; a torn one ends them.
  virtual Result<std::vector<LogRecord>> ReadAll() = 0;
  // Durable on return. After an error the record does not count, but what is on disk is unknown.
  virtual Status Append(std::uint64_t epoch, std::uint64_t number, const WriteMap& writes) = 0;
  // The next Append goes to the start.
  virtual void Rewind() = 0;
  // Durably makes ReadAll return nothing.
  virtual Status Erase() = 0;
  virtual std::uint64_t SizeBytes() = 0;
};

}  // namespace landfall::meta
