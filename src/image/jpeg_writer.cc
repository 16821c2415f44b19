#include "image/jpeg_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <optional>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "base/check.h"

namespace pixhaul::image {
namespace {

constexpr std::size_t kLeastRoom = 4096;

bool is_planes(JpegInput input) {
  return input == JpegInput::grey_plane || input == JpegInput::color_planes;
}

bool is_grey(JpegInput input) {
  return input == JpegInput::grey_rows || input == JpegInput::grey_plane;
}

J_COLOR_SPACE space_of(JpegInput input) {
  if (is_grey(input)) return JCS_GRAYSCALE;
  return is_planes(input) ? JCS_YCbCr : JCS_RGB;
}

}  // namespace

struct JpegWriter::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { jpeg_destroy_compress(&jpeg); }

  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  std::jmp_buf jump{};
  std::optional<Error> error{};
  Buffer bytes{};

  static State& of(void* client_data) { return *static_cast<State*>(client_data); }
  static void on_error(j_common_ptr jpeg);
  static void on_message(j_common_ptr, int) {}
  static void on_start(j_compress_ptr jpeg) { of(jpeg->client_data).give_room(); }
  static boolean on_full(j_compress_ptr jpeg);
  static void on_end(j_compress_ptr jpeg);
  void give_room();
  void set_error();
};

void JpegWriter::State::set_error() {
  char text[JMSG_LENGTH_MAX];
  errors.format_message(reinterpret_cast<j_common_ptr>(&jpeg), text);
  error = Error{.code = ErrorCode::internal, .detail = std::string("JPEG: ") + text};
}

// libjpeg.txt, "Error handling": error_exit must not return.
void JpegWriter::State::on_error(j_common_ptr jpeg) {
  State& state = of(jpeg->client_data);
  state.set_error();
  std::longjmp(state.jump, 1);
}

void JpegWriter::State::give_room() {
  const std::span<std::byte> room = bytes.writable(kLeastRoom);
  destination.next_output_byte = reinterpret_cast<JOCTET*>(room.data());
  destination.free_in_buffer = room.size();
}

// libjpeg.txt, "Compressed data handling": the whole buffer counts as written, whatever
// free_in_buffer says.
boolean JpegWriter::State::on_full(j_compress_ptr jpeg) {
  State& state = of(jpeg->client_data);
  state.bytes.commit(state.bytes.capacity() - state.bytes.size());
  state.give_room();
  return TRUE;
}

void JpegWriter::State::on_end(j_compress_ptr jpeg) {
  State& state = of(jpeg->client_data);
  const auto room = state.bytes.capacity() - state.bytes.size();
  state.bytes.commit(room - state.destination.free_in_buffer);
}

JpegWriter::JpegWriter() : state_(std::make_unique<State>()) {}
JpegWriter::~JpegWriter() = default;

jpeg_compress_struct& JpegWriter::jpeg() { return state_->jpeg; }

Buffer JpegWriter::take_bytes() { return std::move(state_->bytes); }

Result<> JpegWriter::run(void* work, void (*call)(void*)) {
  if (setjmp(state_->jump) != 0) return std::unexpected(std::move(*state_->error));
  call(work);
  return {};
}

Result<> JpegWriter::open(const Dimensions& size, JpegInput input, int quality) {
  PIXHAUL_CHECK(quality >= 1 && quality <= 100);
  if (std::max(size.width, size.height) > JPEG_MAX_DIMENSION) {
    return std::unexpected(
        Error{.code = ErrorCode::too_many_pixels,
              .detail = fmt::format("{} x {}: a side of a JPEG has {} pixels at most", size.width,
                                    size.height, JPEG_MAX_DIMENSION)});
  }
  jpeg_compress_struct& jpeg = state_->jpeg;
  jpeg.err = jpeg_std_error(&state_->errors);
  state_->errors.error_exit = State::on_error;
  state_->errors.emit_message = State::on_message;
  state_->destination.init_destination = State::on_start;
  state_->destination.empty_output_buffer = State::on_full;
  state_->destination.term_destination = State::on_end;
  jpeg.client_data = state_.get();
  state_->bytes.reserve(kLeastRoom + std::size_t{size.width} * size.height / 2);
  return run([&] {
    jpeg_create_compress(&jpeg);
    jpeg.dest = &state_->destination;
    jpeg.image_width = size.width;
    jpeg.image_height = size.height;
    jpeg.input_components = is_grey(input) ? 1 : 3;
    jpeg.in_color_space = space_of(input);
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.dct_method = JDCT_ISLOW;
    jpeg.raw_data_in = is_planes(input) ? TRUE : FALSE;
    jpeg_start_compress(&jpeg, TRUE);
  });
}

}  // namespace pixhaul::image
