#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "pixhaul/result.h"

namespace arrow {
class Status;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// "cannot read 'NAME': WHY" with the first line of what Arrow says, if it says something.
[[nodiscard]] Error unreadable(std::string_view name, std::string_view why);
[[nodiscard]] Error unreadable(std::string_view name, const arrow::Status& status);

/// The error of ours for one of Arrow's: "`doing`: what Arrow says", on one line.
[[nodiscard]] std::unexpected<Error> failed(ErrorCode code, std::string_view doing,
                                            const arrow::Status& status);

/// What Arrow says, in one line without its own prefixes.
[[nodiscard]] std::string words(const arrow::Status& status);

}  // namespace pixhaul::arrow_io
