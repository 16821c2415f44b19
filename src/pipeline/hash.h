#pragma once

#include <optional>
#include <string_view>

#include "base/digest.h"
#include "pixhaul/options.h"

namespace pixhaul::pipeline {

/// The digest `compute_hash` asks for; nothing for `none`. Errors: bad_option (md5 under FIPS).
[[nodiscard]] inline Result<std::optional<Digest>> make_digest(HashKind kind) {
  DigestKind digest_kind = DigestKind::sha256;
  switch (kind) {
    case HashKind::none:
      return std::nullopt;
    case HashKind::sha256:
      break;
    case HashKind::sha512:
      digest_kind = DigestKind::sha512;
      break;
    case HashKind::md5:
      digest_kind = DigestKind::md5;
      break;
  }
  auto digest = Digest::create(digest_kind);
  if (!digest) return std::unexpected(std::move(digest).error());
  return std::optional(std::move(*digest));
}

/// The row field that holds the digest; "" for `none`.
[[nodiscard]] constexpr std::string_view hash_field(HashKind kind) {
  switch (kind) {
    case HashKind::sha256:
      return "sha256";
    case HashKind::sha512:
      return "sha512";
    case HashKind::md5:
      return "md5";
    case HashKind::none:
      return "";
  }
  return "";
}

}  // namespace pixhaul::pipeline
