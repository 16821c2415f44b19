#include "pixhaul/version.h"

#include <ares.h>
#include <brotli/decode.h>
#include <fmt/format.h>
#include <idn2.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

namespace pixhaul {

std::string version() {
  return fmt::format("{}.{}.{}", kVersionMajor, kVersionMinor, kVersionPatch);
}

std::vector<std::string> engine_versions() {
  const std::uint32_t brotli = BrotliDecoderVersion();
  return {
      OpenSSL_version(OPENSSL_VERSION),
      fmt::format("nghttp2 {}", nghttp2_version(0)->version_str),
      fmt::format("c-ares {}", ares_version(nullptr)),
      fmt::format("libidn2 {}", idn2_check_version(nullptr)),
      fmt::format("zlib {}", zlibVersion()),
      fmt::format("zstd {}", ZSTD_versionString()),
      fmt::format("brotli {}.{}.{}", brotli >> 24, (brotli >> 12) & 0xfff, brotli & 0xfff),
  };
}

}  // namespace pixhaul
