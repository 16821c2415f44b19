#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/img2dataset.h"
#include "pixhaul/outcome.h"

// What programs use of img2dataset beside download(): its resizer, its blurring and its reader,
// over the parts of the engine that do the same in a run.
namespace pixhaul {

/// Left, top, right, bottom, from 0 to 1 of the picture's sides.
using RelativeBox = std::array<double, 4>;

/// A sample's picture, encoded.
struct Img2datasetPicture {
  std::string bytes{};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t original_width = 0;
  std::uint32_t original_height = 0;
};

/// Makes samples of bodies as a run with the same parameters would. Immutable; any thread.
class Img2datasetResizer {
 public:
  /// Of `parameters` those that concern pixels; url_list is not looked at. Errors: bad_option.
  [[nodiscard]] static Result<Img2datasetResizer> create(Img2datasetParameters parameters);
  ~Img2datasetResizer();
  Img2datasetResizer(Img2datasetResizer&&) noexcept;
  Img2datasetResizer& operator=(Img2datasetResizer&&) noexcept;

  /// Errors: those of a row; `detail` is what img2dataset would say.
  [[nodiscard]] Result<Img2datasetPicture> make(std::span<const std::byte> body,
                                                std::span<const RelativeBox> boxes) const;

 private:
  struct State;
  explicit Img2datasetResizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Blurs `pixels` (height × width × channels, 8 bit, 1 to 4 channels) inside the boxes, in place.
/// Errors: bad_option (sides that are not those of `pixels`), bad_row (a coordinate that is no
/// number).
[[nodiscard]] Result<> blur_boxes(std::span<std::uint8_t> pixels, std::uint32_t width,
                                  std::uint32_t height, std::span<const RelativeBox> boxes);

/// The two fields of a row in img2dataset's words: "failed_to_download", "HTTP Error 404: Not
/// Found"; the second is "" on success.
struct Img2datasetWords {
  std::string status{};
  std::string error_message{};
};
[[nodiscard]] Img2datasetWords img2dataset_words(const Outcome& outcome);

/// Whether X-Robots-Tag fields forbid the use of their image to `user_agent_token`.
[[nodiscard]] bool is_disallowed(std::span<const std::string> robots_tags,
                                 std::string_view user_agent_token,
                                 const std::vector<std::string>& directives);

/// `example` as a record of a TFRecord file: its length and both sums round it.
[[nodiscard]] std::string tfrecord_frame(std::string_view example);

/// A picture's tags as in the column `exif`.
[[nodiscard]] std::string exif_json(std::span<const std::byte> body);

/// Rows of one shard as they stand in the lists.
struct Img2datasetShard {
  std::uint64_t number = 0;  ///< from 0; each list begins a shard
  std::string columns{};     ///< an Arrow IPC stream; "" of a list of lines
  std::vector<std::string> urls{};
};

/// The lists of `url_list` cut into shards. One thread.
class Img2datasetLists {
 public:
  /// Errors: bad_option, input_unreadable.
  [[nodiscard]] static Result<Img2datasetLists> open(const Img2datasetParameters& parameters);
  ~Img2datasetLists();
  Img2datasetLists(Img2datasetLists&&) noexcept;
  Img2datasetLists& operator=(Img2datasetLists&&) noexcept;

  /// The lists, in their order.
  [[nodiscard]] const std::vector<std::string>& names() const;
  /// nullopt behind the last. Errors: input_unreadable.
  [[nodiscard]] Result<std::optional<Img2datasetShard>> next();

 private:
  struct State;
  explicit Img2datasetLists(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul
