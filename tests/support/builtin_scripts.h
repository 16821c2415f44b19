#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "support/images.h"
#include "support/script.h"

namespace pixhaul::testing {

/// What the built-in paths remember from one request to the next. Any thread.
class BuiltinState {
 public:
  /// Counts up under `key`: 0 the first time.
  [[nodiscard]] std::uint64_t next(const std::string& key);
  /// Whether `key` has one of its `rate` tokens a second left.
  [[nodiscard]] bool take_token(const std::string& key, std::uint64_t rate);
  /// The picture; kept, since a run asks for the same one many times. Nothing as make_image().
  [[nodiscard]] std::optional<std::string> picture(const std::string& key,
                                                   const ImageRequest& request);

 private:
  std::mutex mutex_;
  struct Tokens {
    double left = 0;
    std::chrono::steady_clock::time_point at{};
  };
  std::map<std::string, std::uint64_t> counts_;
  std::map<std::string, Tokens> tokens_;
  std::map<std::string, std::string> pictures_;
  std::size_t picture_bytes_ = 0;
};

/// One row of a table of built-in paths. A path that ends in '/' stands for all below it.
struct Builtin {
  enum class Protocol : std::uint8_t { any, http1, http2 };
  std::string_view path;
  Protocol protocol = Protocol::any;
  Script (*make)(const Request& request, BuiltinState& state) = nullptr;
  std::string_view usage;  ///< for `origin --list`
};

/// The tables, one file each: whole answers and pacing; HTTP/1.1 framing; HTTP/2 frames.
[[nodiscard]] std::span<const Builtin> answer_builtins();
[[nodiscard]] std::span<const Builtin> h1_fault_builtins();
[[nodiscard]] std::span<const Builtin> h2_fault_builtins();

/// Every behaviour that a URL alone can ask for. Any thread.
class BuiltinScripts {
 public:
  /// 404 for an unknown path, 400 for one that needs the other protocol.
  [[nodiscard]] Script script_for(const Request& request);

 private:
  BuiltinState state_;
};

/// The picture most faults are made of: 64 × 64, JPEG, always the same bytes.
[[nodiscard]] const std::string& plain_picture();
[[nodiscard]] Script picture_reply(std::vector<HeaderField> more = {});
/// 400 and what is wrong with the URL.
[[nodiscard]] Script bad_request(std::string_view why);

}  // namespace pixhaul::testing
