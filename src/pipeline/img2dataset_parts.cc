#include "pixhaul/img2dataset_parts.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "image/blur.h"
#include "image/exif.h"
#include "image/process.h"
#include "net/robots_tag.h"
#include "pipeline/configure.h"
#include "pipeline/machine.h"
#include "pipeline/open_input.h"
#include "writers/sample_status.h"
#include "writers/tfrecord.h"

namespace pixhaul {

namespace {

std::vector<image::Box> as_boxes(std::span<const RelativeBox> boxes) {
  std::vector<image::Box> all;
  for (const auto& [left, top, right, bottom] : boxes)
    all.push_back({.left = left, .top = top, .right = right, .bottom = bottom});
  return all;
}

// In img2dataset's words.
Error said_of(Error error) {
  const Outcome outcome{.status = error.code, .detail = error.detail};
  error.detail = writers::img2dataset_status(outcome).error_message;
  return error;
}

}  // namespace

// ---- pictures

struct Img2datasetResizer::State {
  image::ProcessSettings settings;
};

Img2datasetResizer::Img2datasetResizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Img2datasetResizer::~Img2datasetResizer() = default;
Img2datasetResizer::Img2datasetResizer(Img2datasetResizer&&) noexcept = default;
Img2datasetResizer& Img2datasetResizer::operator=(Img2datasetResizer&&) noexcept = default;

Result<Img2datasetResizer> Img2datasetResizer::create(Img2datasetParameters parameters) {
  parameters.url_list = "-";
  auto options = img2dataset_options(parameters, {});
  if (!options) return std::unexpected(std::move(options).error());
  auto settings = pipeline::configure(*options, pipeline::read_machine());
  if (!settings) return std::unexpected(std::move(settings).error());
  if (!settings->sample.process) {
    return std::unexpected(Error{.code = ErrorCode::bad_option,
                                 .detail = "disable_all_reencoding leaves nothing to resize"});
  }
  settings->sample.process->may_blur = true;
  return Img2datasetResizer(std::make_unique<State>(State{.settings = *settings->sample.process}));
}

Result<Img2datasetPicture> Img2datasetResizer::make(std::span<const std::byte> body,
                                                    std::span<const RelativeBox> boxes) const {
  auto made = image::process(body, state_->settings, as_boxes(boxes));
  if (!made) return std::unexpected(said_of(std::move(made).error()));
  const std::span<const std::byte> bytes = made->is_original ? body : made->bytes.bytes();
  return Img2datasetPicture{
      .bytes = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
      .width = made->width,
      .height = made->height,
      .original_width = made->original_width,
      .original_height = made->original_height};
}

Result<> blur_boxes(std::span<std::uint8_t> pixels, std::uint32_t width, std::uint32_t height,
                    std::span<const RelativeBox> boxes) {
  const std::uint64_t area = std::uint64_t{width} * height;
  const std::uint64_t channels = area == 0 ? 0 : pixels.size() / area;
  if (channels < 1 || channels > 4 || channels * area != pixels.size()) {
    return std::unexpected(Error{.code = ErrorCode::bad_option,
                                 .detail = "the pixels are not height x width x 1 to 4 channels"});
  }
  image::Image picture(width, height, static_cast<std::uint32_t>(channels));
  std::ranges::copy(pixels, picture.pixels().begin());
  if (auto blurred = image::blur_boxes(picture, as_boxes(boxes)); !blurred) return blurred;
  std::ranges::copy(picture.pixels(), pixels.begin());
  return {};
}

Img2datasetWords img2dataset_words(const Outcome& outcome) {
  writers::SampleStatus words = writers::img2dataset_status(outcome);
  return {.status = std::string(words.status), .error_message = std::move(words.error_message)};
}

bool is_disallowed(std::span<const std::string> robots_tags, std::string_view user_agent_token,
                   const std::vector<std::string>& directives) {
  const std::vector<std::string_view> tags(robots_tags.begin(), robots_tags.end());
  return net::disallows(tags, directives, user_agent_token);
}

std::string tfrecord_frame(std::string_view example) {
  std::string record;
  const auto append = [&record](std::uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i, number >>= 8) record += static_cast<char>(number & 0xff);
  };
  append(example.size(), 8);
  append(writers::masked_crc32c(crc32c(record)), 4);
  record += example;
  append(writers::masked_crc32c(crc32c(example)), 4);
  return record;
}

std::string exif_json(std::span<const std::byte> body) { return image::exif_text(body); }

// ---- lists

struct Img2datasetLists::State {
  explicit State(const Options& given) : options(given) {}

  const Options options;
  PosixFileSystem local;
  pipeline::AllFiles files{local};
  std::unique_ptr<readers::RowReader> reader;
  std::uint64_t number = 0;
  bool has_ended = false;
};

Img2datasetLists::Img2datasetLists(std::unique_ptr<State> state) : state_(std::move(state)) {}
Img2datasetLists::~Img2datasetLists() = default;
Img2datasetLists::Img2datasetLists(Img2datasetLists&&) noexcept = default;
Img2datasetLists& Img2datasetLists::operator=(Img2datasetLists&&) noexcept = default;

Result<Img2datasetLists> Img2datasetLists::open(const Img2datasetParameters& parameters) {
  auto options = img2dataset_options(parameters, {});
  if (!options) return std::unexpected(std::move(options).error());
  auto state = std::make_unique<State>(*options);
  auto input = pipeline::configure_input(state->options);
  if (!input) return std::unexpected(std::move(input).error());
  auto reader = pipeline::open_rows(state->files, state->options.url_list, *input);
  if (!reader) return std::unexpected(std::move(reader).error());
  state->reader = std::move(*reader);
  return Img2datasetLists(std::move(state));
}

const std::vector<std::string>& Img2datasetLists::names() const { return state_->options.url_list; }

Result<std::optional<Img2datasetShard>> Img2datasetLists::next() {
  State& state = *state_;
  Img2datasetShard shard{.number = state.number};
  readers::RawRow row;
  while (!state.has_ended && shard.urls.size() < state.options.number_sample_per_shard) {
    auto more = state.reader->next(row);
    if (!more) return std::unexpected(std::move(more).error());
    if (*more) {
      shard.urls.emplace_back(row.text);
      continue;
    }
    if (!shard.urls.empty()) break;
    state.has_ended = !state.reader->has_next_list();
    if (state.has_ended) break;
    if (auto begun = state.reader->begin_next_list(); !begun)
      return std::unexpected(std::move(begun).error());
  }
  if (shard.urls.empty()) return std::nullopt;
  auto columns = state.reader->cut_columns();
  if (!columns) return std::unexpected(std::move(columns).error());
  shard.columns = std::move(*columns);
  ++state.number;
  return shard;
}

}  // namespace pixhaul
