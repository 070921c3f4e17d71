#include "warehouse/types.h"

namespace landfall::warehouse {

std::string ToString(const DatasetRef& ref) { return ref.project + ":" + ref.dataset; }

std::string ToString(const TableRef& ref) {
  return ref.project + ":" + ref.dataset + "." + ref.table;
}

std::string Uri(const SourceObject& object) { return "gs://" + object.bucket + "/" + object.name; }

googlesql::Type TypeOf(const Field& field) {
  googlesql::Type type;
  type.kind = field.type;
  for (const Field& child : field.fields) type.fields.push_back({child.name, TypeOf(child)});
  return field.mode == Mode::kRepeated ? googlesql::ArrayOf(std::move(type)) : type;
}

}  // namespace landfall::warehouse
