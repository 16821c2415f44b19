#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pixhaul/input.h"
#include "pixhaul/options.h"
#include "pixhaul/outcome.h"
#include "pixhaul/stats.h"

namespace pixhaul {

/// Height × width × channels, row-major from the top left, 8 bit, rows without gaps; three channels
/// RGB, one grey. Without pixels: all zero.
struct Pixels {
  std::unique_ptr<std::uint8_t[]> data{};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 0;
};

/// One row with what became of it, failed ones too.
struct Sample {
  Row row{};  ///< without key and path
  Pixels pixels{};
  std::vector<std::byte> encoded{};
  std::optional<std::string> caption{};
  std::string columns{};  ///< a JSON object of the columns that were asked for; "" without a table
};

/// What a successful sample holds.
enum class SampleForm : std::uint8_t {
  pixels,   ///< resized as the options say, or as they are
  encoded,  ///< the bytes that download() would keep
};

struct StreamSettings {
  SampleForm form = SampleForm::pixels;
  /// Samples come in the order of the rows; the slowest of some hundred rows then holds up the
  /// rest. Otherwise as they arrive.
  bool ordered = false;
};

/// Rows as samples, without a folder. Runs ahead of its reader by a bounded number of rows and
/// bytes, and waits there. One thread reads; stop() and stats() from any.
class Stream {
 public:
  /// Starts at once. Of the options those of the output mean nothing here, and of the limits only
  /// max_rows holds; with worker_count, row i belongs to worker i modulo it.
  /// Errors: bad_option, input_unreadable.
  [[nodiscard]] static Result<Stream> create(const Options& options, const Input& input = {},
                                             const StreamSettings& settings = {});
  /// Stops; waits for what a UrlSource is about to return.
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  /// Waits for the next sample; nullopt at the end and after stop(). Errors: input_unreadable, and
  /// those of a UrlSource, behind the rows before the damage.
  [[nodiscard]] Result<std::optional<Sample>> next();
  /// Waits until next() would return at once, `longest` at most. True if it would.
  [[nodiscard]] bool wait(std::chrono::milliseconds longest);
  /// What is on its way is dropped.
  void stop();
  [[nodiscard]] StatsSnapshot stats() const;

 private:
  class State;
  explicit Stream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul
