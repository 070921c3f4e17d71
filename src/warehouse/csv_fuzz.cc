// Cutting a text into records must not depend on where it is cut into blocks, and every record
// splits or has a code.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "warehouse/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landfall;             // NOLINT: one function
  using namespace landfall::warehouse;  // NOLINT
  if (size < 2) return 0;
  CsvOptions options;
  options.allow_quoted_newlines = (data[0] & 1) != 0;
  options.latin1 = (data[0] & 2) != 0;
  if ((data[0] & 4) != 0) options.quote = '\0';
  const std::size_t cut = data[1] % (size - 1);
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const CsvFramer framer(options);
  const CsvFramer::Found whole = framer.Scan(text);
  const CsvFramer::Found head = framer.Scan(text.substr(0, cut));
  CHECK(head.bytes <= whole.bytes && head.records <= whole.records);
  const CsvFramer::Found tail = framer.Scan(text.substr(head.bytes));
  CHECK(head.records + tail.records == whole.records && head.bytes + tail.bytes == whole.bytes);
  LoadArena arena;
  std::vector<CsvField> fields;
  std::int64_t records = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t bytes = framer.FirstRecord(rest);
    CHECK(bytes > 0);
    RecordError error;
    const bool split =
        SplitCsv(options, FromLatin1(rest.substr(0, bytes), arena), arena, fields, error);
    CHECK(split ? !fields.empty() : !error.code.empty());
    CHECK(error.got.size() <= kGotBytesMax);
    rest.remove_prefix(bytes);
    ++records;
  }
  CHECK(records == whole.records || records == whole.records + 1);
  return 0;
}
