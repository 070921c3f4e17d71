// The catalog as googlesql asks for it. Private to the module.
#pragma once

#include "googlesql/googlesql.h"
#include "warehouse/catalog.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class SqlCatalog final : public googlesql::Catalog {
 public:
  explicit SqlCatalog(const warehouse::Catalog& catalog) : catalog_(catalog) {}
  Result<std::optional<googlesql::Relation>> Find(const googlesql::TablePath& path) const override;

 private:
  const warehouse::Catalog& catalog_;
};

// The schema field of a column; arrays become REPEATED.
Field FieldOf(std::string name, const googlesql::Type& type);

}  // namespace landfall::warehouse
