#pragma once

#include <vector>

#include "pipeline/doctor_facts.h"
#include "pixhaul/doctor.h"

namespace pixhaul::pipeline {

/// One finding for each thing, always in the same order.
[[nodiscard]] std::vector<Finding> judge(const DoctorFacts& facts);

}  // namespace pixhaul::pipeline
