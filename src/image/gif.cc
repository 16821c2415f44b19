#include "image/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "image/cpu_deadline.h"

// giflib reads record by record; what follows the first picture is never looked at. Indices without
// a colour are black, as in browsers. A frame that reaches over the canvas is cut at its edge.

namespace pixhaul::image {
namespace {

constexpr int kOpaque = -1;  // no index is transparent

struct Reader {
  explicit Reader(Bytes bytes) : input(bytes) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (gif != nullptr) DGifCloseFile(gif, nullptr);
  }

  Bytes input;  // what giflib has not read yet
  bool ran_out = false;
  GifFileType* gif = nullptr;
};

int read_input(GifFileType* gif, GifByteType* target, int size) {
  Reader& reader = *static_cast<Reader*>(gif->UserData);
  const std::size_t count = std::min(static_cast<std::size_t>(size), reader.input.size());
  if (count < static_cast<std::size_t>(size)) reader.ran_out = true;
  if (count > 0) std::memcpy(target, reader.input.data(), count);
  reader.input = reader.input.subspan(count);
  return static_cast<int>(count);
}

std::unexpected<Error> damaged(std::string detail) {
  return std::unexpected(
      Error{.code = ErrorCode::decode_error, .detail = "GIF: " + std::move(detail)});
}

std::unexpected<Error> failure(const Reader& reader, int code) {
  if (reader.ran_out) {
    return std::unexpected(
        Error{.code = ErrorCode::truncated, .detail = "GIF ends before its last pixel"});
  }
  const char* text = GifErrorString(code);
  return damaged(text == nullptr ? "damaged image data" : text);
}

/// Passes over an extension; a graphic control extension sets `transparent`.
bool read_extension(GifFileType* gif, int& transparent) {
  int label = 0;
  GifByteType* data = nullptr;  // a size byte and that many bytes
  if (DGifGetExtension(gif, &label, &data) == GIF_ERROR) return false;
  while (data != nullptr) {
    GraphicsControlBlock control;
    if (label == GRAPHICS_EXT_FUNC_CODE &&
        DGifExtensionToGCB(data[0], data + 1, &control) == GIF_OK) {
      transparent = control.TransparentColor;
    }
    if (DGifGetExtensionNext(gif, &data) == GIF_ERROR) return false;
  }
  return true;
}

/// Reads on until the first picture's descriptor is in gif->Image.
Result<> find_frame(Reader& reader, int& transparent) {
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    bool is_good = DGifGetRecordType(reader.gif, &record) == GIF_OK;
    if (is_good && record == TERMINATE_RECORD_TYPE) return damaged("no picture in it");
    if (is_good && record == EXTENSION_RECORD_TYPE)
      is_good = read_extension(reader.gif, transparent);
    if (is_good && record == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(reader.gif) == GIF_OK) return {};
      is_good = false;
    }
    if (!is_good) return failure(reader, reader.gif->Error);
  }
}

using Palette = std::array<std::array<std::uint8_t, 4>, 256>;

Palette make_palette(const ColorMapObject& map, int transparent) {
  Palette palette;
  palette.fill({0, 0, 0, 255});
  const int count = std::min(map.ColorCount, 256);
  for (int i = 0; i < count; ++i) {
    const GifColorType& color = map.Colors[i];
    palette[static_cast<std::size_t>(i)] = {color.Red, color.Green, color.Blue, 255};
  }
  if (transparent != kOpaque) palette[static_cast<std::size_t>(transparent)] = {0, 0, 0, 0};
  return palette;
}

/// A frame on its canvas, in canvas coordinates.
struct Frame {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  Dimensions size{};
};

Frame frame_of(const GifImageDesc& image) {
  return {
      .left = static_cast<std::uint32_t>(image.Left),
      .top = static_cast<std::uint32_t>(image.Top),
      .size = {static_cast<std::uint32_t>(image.Width), static_cast<std::uint32_t>(image.Height)}};
}

bool covers(const Frame& frame, const Dimensions& canvas) {
  return frame.left == 0 && frame.top == 0 && frame.size.width >= canvas.width &&
         frame.size.height >= canvas.height;
}

/// `y` counts the frame's rows; those below and right of the canvas are cut off.
void paint_row(std::span<const GifByteType> indices, const Palette& palette, const Frame& frame,
               std::uint32_t y, Image& image) {
  if (frame.top + y >= image.height() || frame.left >= image.width()) return;
  const std::size_t count = std::min<std::size_t>(indices.size(), image.width() - frame.left);
  const std::uint32_t channels = image.channels();
  std::uint8_t* to = image.row(frame.top + y).data() + std::size_t{frame.left} * channels;
  for (std::size_t x = 0; x < count; ++x, to += channels) {
    std::copy_n(palette[indices[x]].data(), channels, to);
  }
}

/// The frame's rows in the order of the file.
std::vector<std::uint32_t> row_order(std::uint32_t height, bool is_interlaced) {
  struct Pass {
    std::uint32_t first, step;
  };
  // GIF89a appendix E: "Every 8th. row, starting with row 0", "… row 4", "Every 4th. row, starting
  // with row 2", "Every 2nd. row, starting with row 1".
  static constexpr Pass kInterlaced[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  static constexpr Pass kPlain[] = {{0, 1}};
  std::vector<std::uint32_t> rows;
  rows.reserve(height);
  for (const Pass& pass :
       is_interlaced ? std::span<const Pass>(kInterlaced) : std::span<const Pass>(kPlain)) {
    for (std::uint32_t y = pass.first; y < height; y += pass.step) rows.push_back(y);
  }
  return rows;
}

Result<Image> read_frame(Reader& reader, const Dimensions& canvas, int transparent,
                         CpuDeadline deadline) {
  const GifImageDesc& description = reader.gif->Image;
  const Frame frame = frame_of(description);
  const ColorMapObject* map =
      description.ColorMap != nullptr ? description.ColorMap : reader.gif->SColorMap;
  if (map == nullptr) return damaged("no colour table");
  if (frame.left >= canvas.width || frame.top >= canvas.height) {
    return damaged("the first frame lies outside the canvas");
  }
  const Palette palette = make_palette(*map, transparent);
  const bool is_covered = covers(frame, canvas);
  Image image(canvas.width, canvas.height, is_covered && transparent == kOpaque ? 3 : 4);
  if (!is_covered) std::ranges::fill(image.pixels(), std::uint8_t{0});
  std::vector<GifByteType> indices(frame.size.width);
  for (const std::uint32_t y : row_order(frame.size.height, description.Interlace)) {
    if (deadline.has_passed()) return std::unexpected(decode_deadline_error());
    if (DGifGetLine(reader.gif, indices.data(), description.Width) == GIF_ERROR) {
      return failure(reader, reader.gif->Error);
    }
    paint_row(indices, palette, frame, y, image);
  }
  return image;
}

}  // namespace

Result<Decoded> GifCodec::decode(Bytes bytes, const DecodeLimits& limits) const {
  Reader reader(bytes);
  int code = 0;
  reader.gif = DGifOpen(&reader, read_input, &code);
  if (reader.gif == nullptr) return failure(reader, code);
  const Dimensions canvas{static_cast<std::uint32_t>(reader.gif->SWidth),
                          static_cast<std::uint32_t>(reader.gif->SHeight)};
  if (canvas.width == 0 || canvas.height == 0) return damaged("a canvas without pixels");
  if (auto allowed = check_dimensions(canvas, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  int transparent = kOpaque;
  if (auto found = find_frame(reader, transparent); !found) {
    return std::unexpected(std::move(found).error());
  }
  const Dimensions frame = frame_of(reader.gif->Image).size;
  if (frame.width == 0 || frame.height == 0) return damaged("a frame without pixels");
  if (auto allowed = check_dimensions(frame, limits); !allowed) {
    return std::unexpected(std::move(allowed).error());
  }
  auto image = read_frame(reader, canvas, transparent, CpuDeadline(limits.max_cpu_time));
  if (!image) return std::unexpected(std::move(image).error());
  return Decoded{.image = std::move(*image)};
}

}  // namespace pixhaul::image
