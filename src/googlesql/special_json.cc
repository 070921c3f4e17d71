#include "googlesql/special_forms.h"

namespace landfall::googlesql {
std::span<const NamedForm> JsonForms() { return {}; }
}  // namespace landfall::googlesql
