#include "warehouse/load_columns.h"

#include <algorithm>

#include "base/status.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

ColumnSlot SlotOf(const Field& field) {
  ColumnSlot slot;
  slot.name = field.name;
  slot.type = field.type;
  slot.mode = field.mode;
  for (const Field& child : field.fields) slot.fields.push_back(SlotOf(child));
  return slot;
}

duckdb_type ScalarType(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case TypeKind::kInt64:
      return DUCKDB_TYPE_BIGINT;
    case TypeKind::kFloat64:
      return DUCKDB_TYPE_DOUBLE;
    case TypeKind::kBytes:
      return DUCKDB_TYPE_BLOB;
    case TypeKind::kDate:
      return DUCKDB_TYPE_DATE;
    case TypeKind::kTime:
      return DUCKDB_TYPE_TIME;
    case TypeKind::kDatetime:
      return DUCKDB_TYPE_TIMESTAMP;
    case TypeKind::kTimestamp:
      return DUCKDB_TYPE_TIMESTAMP_TZ;
    case TypeKind::kString:
    case TypeKind::kJson:
      return DUCKDB_TYPE_VARCHAR;
    case TypeKind::kNumeric:
    case TypeKind::kBigNumeric:
    case TypeKind::kInterval:
    case TypeKind::kGeography:
    case TypeKind::kRange:
    case TypeKind::kStruct:
    case TypeKind::kArray:
      break;
  }
  return DUCKDB_TYPE_INVALID;
}

DuckType ElementType(const Field& field) {
  if (field.type == TypeKind::kStruct) {
    std::vector<DuckType> owned;
    std::vector<duckdb_logical_type> types;
    std::vector<const char*> names;
    for (const Field& child : field.fields) {
      owned.push_back(DuckTypeOf(child));
      types.push_back(owned.back().get());
      names.push_back(child.name.c_str());
    }
    return DuckType(duckdb_create_struct_type(types.data(), names.data(), types.size()));
  }
  if (field.type == TypeKind::kNumeric) return DuckType(duckdb_create_decimal_type(38, 9));
  const duckdb_type id = ScalarType(field.type);
  CHECK(id != DUCKDB_TYPE_INVALID);  // the catalog refuses tables with such columns
  DuckType type(duckdb_create_logical_type(id));
  // DuckDB's JSON is VARCHAR by another name; with the name the insert needs no cast.
  if (field.type == TypeKind::kJson) duckdb_logical_type_set_alias(type.get(), "JSON");
  return type;
}

}  // namespace

std::string_view CutGot(std::string_view text) {
  if (text.size() <= kGotBytesMax) return text;
  std::size_t n = kGotBytesMax;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return text.substr(0, n);
}

DuckType DuckTypeOf(const Field& field) {
  DuckType element = ElementType(field);
  if (field.mode != Mode::kRepeated) return element;
  return DuckType(duckdb_create_list_type(element.get()));
}

ChunkWriter::ChunkWriter(const Schema& schema) {
  for (const Field& field : schema) columns_.push_back(SlotOf(field));
  CollectRepeated(columns_);
}

void ChunkWriter::CollectRepeated(std::vector<ColumnSlot>& slots) {
  for (ColumnSlot& slot : slots) {
    if (slot.mode == Mode::kRepeated) repeated_.push_back(&slot);
    CollectRepeated(slot.fields);
  }
}

void ChunkWriter::Bind(duckdb_data_chunk chunk, idx_t first_column) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    BindSlot(columns_[i], duckdb_data_chunk_get_vector(chunk, first_column + i));
  }
}

void ChunkWriter::BindSlot(ColumnSlot& slot, duckdb_vector vector) {
  if (slot.mode != Mode::kRepeated) return BindValues(slot, vector);
  slot.list = vector;
  slot.entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
  slot.list_validity = duckdb_vector_get_validity(vector);
  slot.used = slot.used_before = 0;
  slot.capacity = duckdb_vector_size();
  CHECK(duckdb_list_vector_reserve(vector, slot.capacity) == DuckDBSuccess);
  BindValues(slot, duckdb_list_vector_get_child(vector));
}

void ChunkWriter::BindValues(ColumnSlot& slot, duckdb_vector vector) {
  slot.vector = vector;
  slot.validity = duckdb_vector_get_validity(vector);
  if (slot.type != TypeKind::kStruct) {
    slot.data = duckdb_vector_get_data(vector);
    return;
  }
  for (std::size_t i = 0; i < slot.fields.size(); ++i)
    BindSlot(slot.fields[i], duckdb_struct_vector_get_child(vector, i));
}

void ChunkWriter::FinishChunk() {
  for (ColumnSlot* slot : repeated_)
    CHECK(duckdb_list_vector_set_size(slot->list, slot->used) == DuckDBSuccess);
}

void ChunkWriter::BeginRow() {
  for (ColumnSlot* slot : repeated_) slot->used_before = slot->used;
}

void ChunkWriter::AbortRow() {
  for (ColumnSlot* slot : repeated_) slot->used = slot->used_before;
}

void ChunkWriter::SetNull(ColumnSlot& slot, idx_t row) {
  if (slot.validity == nullptr) {
    duckdb_vector_ensure_validity_writable(slot.vector);
    slot.validity = duckdb_vector_get_validity(slot.vector);
  }
  slot.validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  // DuckDB wants the fields of a NULL struct to be NULL too.
  for (ColumnSlot& field : slot.fields) {
    if (field.mode == Mode::kRepeated) {
      BeginArray(field, row);
      EndArray(field, row);
    } else {
      SetNull(field, row);
    }
  }
}

bool ChunkWriter::SetAbsent(ColumnSlot& slot, idx_t row) {
  if (slot.mode == Mode::kRequired) return false;
  if (slot.mode == Mode::kRepeated) {
    BeginArray(slot, row);
    EndArray(slot, row);
  } else {
    SetNull(slot, row);
  }
  return true;
}

void ChunkWriter::BeginArray(ColumnSlot& slot, idx_t row) {
  if (slot.list_validity != nullptr) slot.list_validity[row / 64] |= std::uint64_t{1} << (row % 64);
  slot.entries[row] = {.offset = slot.used, .length = 0};
}

idx_t ChunkWriter::AddElement(ColumnSlot& slot) {
  if (slot.used == slot.capacity) {
    slot.capacity *= 2;
    CHECK(duckdb_list_vector_reserve(slot.list, slot.capacity) == DuckDBSuccess);
    // Growing moved the elements; what is inside of them keeps its counts.
    slot.vector = duckdb_list_vector_get_child(slot.list);
    slot.validity = duckdb_vector_get_validity(slot.vector);
    if (slot.type != TypeKind::kStruct) {
      slot.data = duckdb_vector_get_data(slot.vector);
    } else {
      RebindFields(slot);
    }
  }
  return slot.used++;
}

void ChunkWriter::RebindFields(ColumnSlot& slot) {
  for (std::size_t i = 0; i < slot.fields.size(); ++i) {
    ColumnSlot& field = slot.fields[i];
    duckdb_vector vector = duckdb_struct_vector_get_child(slot.vector, i);
    if (field.mode == Mode::kRepeated) {
      field.list = vector;
      field.entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
      field.list_validity = duckdb_vector_get_validity(vector);
      vector = duckdb_list_vector_get_child(vector);
    }
    field.vector = vector;
    field.validity = duckdb_vector_get_validity(vector);
    if (field.type == TypeKind::kStruct) {
      RebindFields(field);
    } else {
      field.data = duckdb_vector_get_data(vector);
    }
  }
}

void ChunkWriter::EndArray(ColumnSlot& slot, idx_t row) {
  slot.entries[row].length = slot.used - slot.entries[row].offset;
}

}  // namespace landfall::warehouse
