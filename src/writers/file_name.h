#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pixhaul::writers {

enum class NameStyle : std::uint8_t { name, key };

/// The part of a server's text that may stand in a file name: the last segment of `url_path`,
/// percent-decoded, in [A-Za-z0-9._-] with '_' for every other run of characters, without an image
/// extension at its end, at most 80 bytes, not beginning or ending with '.', '-' or '_'. "" when
/// nothing is left.
[[nodiscard]] std::string sanitised_name(std::string_view url_path);

/// "000000017-sunset.jpg", or "000000017.jpg" with NameStyle::key or when nothing is left of the
/// path. The key in front makes names unique, also where case does not count, and never a reserved
/// one. REQUIRES: key and extension are ours: [A-Za-z0-9] only, the extension from the closed list
/// of formats.
[[nodiscard]] std::string file_name(std::string_view key, std::string_view url_path,
                                    std::string_view extension, NameStyle style);

}  // namespace pixhaul::writers
