// Any line either becomes a row or a bad row with a code; nothing is read outside of the line and
// its padding, and a second reader agrees that an accepted line is JSON.
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/text.h"
#include "warehouse/ndjson.h"

namespace {

using namespace landfall;             // NOLINT: one program
using namespace landfall::warehouse;  // NOLINT
using googlesql::TypeKind;

Schema FuzzSchema() {
  const auto field = [](std::string name, TypeKind type, Mode mode = Mode::kNullable,
                        std::vector<Field> fields = {}) {
    return Field{.name = std::move(name),
                 .type = type,
                 .mode = mode,
                 .description = "",
                 .fields = std::move(fields)};
  };
  return {field("a", TypeKind::kInt64),
          field("b", TypeKind::kString),
          field("c", TypeKind::kFloat64),
          field("d", TypeKind::kBool),
          field("e", TypeKind::kTimestamp),
          field("f", TypeKind::kDate),
          field("g", TypeKind::kNumeric),
          field("h", TypeKind::kBytes),
          field("i", TypeKind::kJson),
          field("j", TypeKind::kString, Mode::kRepeated),
          field("k", TypeKind::kStruct, Mode::kRepeated,
                {field("x", TypeKind::kTime), field("y", TypeKind::kDatetime, Mode::kRepeated)})};
}

struct Fixture {
  Fixture()
      : writer(schema),
        strict({.ignore_unknown_values = false}, writer),
        lax({.ignore_unknown_values = true}, writer) {
    std::vector<DuckType> types;
    std::vector<duckdb_logical_type> raw;
    for (const Field& field : schema) {
      types.push_back(DuckTypeOf(field));
      raw.push_back(types.back().get());
    }
    chunk = duckdb_create_data_chunk(raw.data(), raw.size());
  }
  Schema schema = FuzzSchema();
  ChunkWriter writer;
  NdjsonReader strict, lax;
  duckdb_data_chunk chunk;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture f;
  f.writer.arena().Reset();
  duckdb_data_chunk_reset(f.chunk);
  f.writer.Bind(f.chunk, 0);
  const auto copy = std::make_unique<char[]>(size + kLinePaddingBytes);
  if (size > 0) std::memcpy(copy.get(), data, size);
  const std::string_view line(copy.get(), size);
  RecordError error;
  const bool strict = f.strict.ReadRecord(line, 0, error);
  CHECK(strict || !error.code.empty());
  CHECK(error.got.size() <= kGotBytesMax);
  const bool lax = f.lax.ReadRecord(line, 1, error);
  CHECK(lax || !strict);
  if (lax) CHECK(IsValidUtf8(line) && CheckJsonText(line, 1000) == JsonVerdict::kValid);
  f.writer.FinishChunk();
  return 0;
}
