#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pixhaul/outcome.h"

namespace pixhaul::writers {

/// In whose words a dataset says what became of a row: our closed list of statuses with the detail
/// as message, or img2dataset's three statuses with the texts its users search for.
enum class StatusStyle : std::uint8_t { ours, img2dataset };

/// The two fields of a row that every dataset format has.
struct SampleStatus {
  std::string_view status{};    ///< static text
  std::string error_message{};  ///< "" on success: null in the dataset
};

/// Whatever the style, equal outcomes give equal texts: no times and no addresses that could differ
/// between two runs over the same responses, as far as the outcome's detail has none.
[[nodiscard]] SampleStatus sample_status(const Outcome& outcome, StatusStyle style);

/// As img2dataset 1.47 on Python 3.11 would put it: "success", "failed_to_download" or
/// "failed_to_resize", and the text of the exception it would have met ("HTTP Error 404: Not
/// Found"). Different in two points: an HTTP code has one spelling, the standard's, whatever the
/// server wrote beside it; and TLS errors name no line of Python's source. What img2dataset cannot
/// say (a private address, a body too large) keeps our detail.
[[nodiscard]] SampleStatus img2dataset_status(const Outcome& outcome);

/// The way back, for folders that img2dataset filled: the status of ours that fits its two texts
/// best. Texts it never wrote count as protocol_error, or decode_error where it failed to resize.
[[nodiscard]] ErrorCode parse_img2dataset_status(std::string_view status,
                                                 std::string_view error_message);

}  // namespace pixhaul::writers
