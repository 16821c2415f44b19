#pragma once

#include <expected>
#include <string_view>

#include "pixhaul/result.h"

namespace arrow {
class Status;
}

namespace pixhaul::arrow_io {

/// The error of ours for one of Arrow's: "`doing`: what Arrow says", on one line.
[[nodiscard]] std::unexpected<Error> failed(ErrorCode code, std::string_view doing,
                                            const arrow::Status& status);

}  // namespace pixhaul::arrow_io
