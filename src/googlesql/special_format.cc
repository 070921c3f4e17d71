#include "googlesql/special_forms.h"

namespace landfall::googlesql {
std::span<const NamedForm> FormatForms() { return {}; }
}  // namespace landfall::googlesql
