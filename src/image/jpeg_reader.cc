#include "image/jpeg_reader.h"

#include <csetjmp>
#include <cstdio>
#include <optional>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

// jerror.h needs jpeglib.h before it.
#include <jerror.h>

#include "image/cpu_deadline.h"

// libjpeg leaves by longjmp and says most of what is wrong with a file in warnings, after which it
// paints grey. A closed list of those warnings means that data is lost and ends the decoding on the
// spot; the others are recorded.

namespace pixhaul::image {

struct JpegReader::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { jpeg_destroy_decompress(&jpeg); }

  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  std::uint32_t max_scans = 0;
  CpuDeadline deadline{Duration::max()};
  std::optional<Error> error{};
  std::string warning{};

  static State& of(j_common_ptr jpeg) { return *static_cast<State*>(jpeg->client_data); }
  static void on_error(j_common_ptr jpeg);
  static void on_message(j_common_ptr jpeg, int level);
  static void on_progress(j_common_ptr jpeg);
  void set_error(ErrorCode code);
  void set_warning();
  void set_too_complex();
};

namespace {

std::string message_of(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  return text;
}

// What a file may be that is no damage: 12-bit, lossless and hierarchical JPEG.
ErrorCode code_of_error(int message) {
  switch (message) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
      return ErrorCode::unsupported_format;
    default:
      return ErrorCode::decode_error;
  }
}

// The warnings after which pixels are missing or invented. Not among them: extraneous bytes before
// a marker (encoders pad), odd Adobe, JFIF and ICC markers, odd but decodable scan parameters.
std::optional<ErrorCode> code_of_loss(int message) {
  switch (message) {
    case JWRN_JPEG_EOF:
      return ErrorCode::truncated;
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      return ErrorCode::decode_error;
    default:
      return std::nullopt;
  }
}

j_common_ptr common(jpeg_decompress_struct& jpeg) { return reinterpret_cast<j_common_ptr>(&jpeg); }

}  // namespace

void JpegReader::State::set_error(ErrorCode code) {
  error = Error{.code = code, .detail = message_of(common(jpeg))};
}

void JpegReader::State::set_warning() {
  if (warning.empty()) warning = message_of(common(jpeg));
}

void JpegReader::State::set_too_complex() {
  error = Error{.code = ErrorCode::too_complex,
                .detail = "more than " + std::to_string(max_scans) + " JPEG scans"};
}

// libjpeg.txt, "Error handling": error_exit must not return; emit_message gets warnings at level
// -1.
void JpegReader::State::on_error(j_common_ptr jpeg) {
  State& state = of(jpeg);
  state.set_error(code_of_error(jpeg->err->msg_code));
  std::longjmp(state.jump, 1);
}

void JpegReader::State::on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  State& state = of(jpeg);
  if (const auto loss = code_of_loss(jpeg->err->msg_code)) {
    state.set_error(*loss);
    std::longjmp(state.jump, 1);
  }
  state.set_warning();
}

// libjpeg.txt, "Progress monitoring": called through all of a multi-scan file's passes.
void JpegReader::State::on_progress(j_common_ptr jpeg) {
  State& state = of(jpeg);
  if (state.jpeg.input_scan_number > static_cast<int>(state.max_scans)) {
    state.set_too_complex();
  } else if (state.deadline.has_passed()) {
    state.error = decode_deadline_error();
  } else {
    return;
  }
  std::longjmp(state.jump, 1);
}

JpegReader::JpegReader() : state_(std::make_unique<State>()) {}
JpegReader::~JpegReader() = default;

jpeg_decompress_struct& JpegReader::jpeg() { return state_->jpeg; }

std::string JpegReader::take_warning() { return std::move(state_->warning); }

Result<> JpegReader::run(void* work, void (*call)(void*)) {
  if (setjmp(state_->jump) != 0) return std::unexpected(std::move(*state_->error));
  call(work);
  return {};
}

Result<> JpegReader::open(Bytes bytes, const DecodeLimits& limits) {
  jpeg_decompress_struct& jpeg = state_->jpeg;
  jpeg.err = jpeg_std_error(&state_->errors);
  state_->errors.error_exit = State::on_error;
  state_->errors.emit_message = State::on_message;
  state_->progress.progress_monitor = State::on_progress;
  state_->max_scans = limits.max_scans;
  state_->deadline = CpuDeadline(limits.max_cpu_time);
  jpeg.client_data = state_.get();
  auto read = run([&] {
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &state_->progress;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
  });
  if (!read) return read;
  return check_dimensions({jpeg.image_width, jpeg.image_height}, limits);
}

}  // namespace pixhaul::image
