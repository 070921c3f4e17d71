// From an object's path to its destination: the default grammar and users' Python-style patterns,
// both run by RE2 in linear time with Perl's (and Python's) choice among matches. Pure; a compiled
// pattern is immutable and thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace re2 {
class RE2;
}

namespace landfall::ingest {

constexpr std::size_t kPatternBytesMax = 4096;

struct PathParts {
  std::string dataset;  // as in the path; may hold "project.dataset"
  std::string table;
  std::string partition;  // digits of the decorator, zero-padded, without "$"; empty: none
  std::string batch;
  std::string table_prefix;  // path up to the end of the table group, without trailing "/"
};

class PathPattern {
 public:
  PathPattern() = default;  // matches nothing until assigned from Compile()
  // An empty `pattern` is the default grammar. kInvalidArgument/"invalidPattern" naming what is
  // wrong with it: syntax, look-around and back-references (not supported), no `table` group.
  static Result<PathPattern> Compile(std::string_view pattern);

  // kInvalidArgument/"pathMismatch" naming the path and the pattern when it does not match at the
  // start of the name; kInvalidArgument/"invalidPartition" for a partition that is not a date.
  // "/_backlog/" counts as "/".
  Result<PathParts> Match(std::string_view object) const;
  // The table prefix also of names no pattern needs to match: for _BACKFILL, the start-backfill
  // file and _bqlock it is their directory.
  Result<std::string> TablePrefix(std::string_view object,
                                  std::string_view start_backfill = {}) const;

  const std::string& text() const { return text_; }
  bool is_default() const { return is_default_; }
  bool has_dataset() const { return has_dataset_; }

 private:
  std::string text_;  // as given
  bool is_default_ = false, has_dataset_ = false;
  std::shared_ptr<const re2::RE2> compiled_;
};

// Splits "project.dataset" at the dot. kInvalidArgument for more than one dot.
struct ProjectDataset {
  std::string project, dataset;  // project empty: none in the path
};
Result<ProjectDataset> SplitProject(std::string_view dataset);

// OK when `digits` is YYYY, YYYYMM, YYYYMMDD or YYYYMMDDHH of a real date.
// kInvalidArgument/"invalidPartition".
Status CheckPartition(std::string_view digits);

}  // namespace landfall::ingest
