// clang-format off: asio.h defines what src.hpp needs to see first
#include "net/asio.h"
#include <boost/asio/impl/src.hpp>
// clang-format on
