// The stored form of a job: one JSON text. Private to the module.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

std::string JobRecord(const Job& job);
Result<Job> ParseJobRecord(std::string_view project, std::string_view job_id,
                           std::string_view record);

}  // namespace landfall::warehouse
