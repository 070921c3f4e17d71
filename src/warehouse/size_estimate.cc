#include "warehouse/size_estimate.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

constexpr std::int64_t kLikelyTextBytes = 16;

}  // namespace

std::int64_t LikelyBytes(const Field& field) {
  switch (field.type) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kNumeric:
      return 16;
    case TypeKind::kBigNumeric:
      return 32;
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kJson:
    case TypeKind::kGeography:
      return kLikelyTextBytes;
    case TypeKind::kStruct: {
      std::int64_t sum = 0;
      for (const Field& child : field.fields) sum += LikelyBytes(child);
      return sum;
    }
    case TypeKind::kInterval:
    case TypeKind::kRange:
      return 16;
    case TypeKind::kInt64:
    case TypeKind::kFloat64:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kDatetime:
    case TypeKind::kTimestamp:
    case TypeKind::kArray:
      break;
  }
  return 8;
}

std::int64_t LikelyRowBytes(const Schema& schema) {
  std::int64_t sum = 0;
  for (const Field& field : schema) sum += LikelyBytes(field);
  return sum;
}

}  // namespace landfall::warehouse
