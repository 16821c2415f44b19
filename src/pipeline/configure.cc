#include "pipeline/configure.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/hash.h"
#include "pixhaul/version.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::string_view kProductToken = "pixhaul";
constexpr std::string_view kProjectUrl = "https://github.com/pixhaul/pixhaul";
constexpr std::uint32_t kMostConcurrency = 1024;
constexpr std::uint32_t kReservedFiles = 64;  // lists, shards, logs, the resolver
constexpr std::uint64_t kLeastMemory = 64u << 20;
constexpr std::uint64_t kUnwrittenBytes = 8u
                                          << 20;   // a writer's share: still in cache when written
constexpr std::uint64_t kFixedMemory = 32u << 20;  // code, list window, TLS, per-loop tables
constexpr std::uint64_t kArrowMemory = 12u << 20;  // the library once it is loaded
constexpr std::uint64_t kTransferMemory = 96u << 10;  // a receive buffer and a connection
constexpr std::uint64_t kIdleMemory = 48u << 10;      // a kept connection with its TLS state
constexpr std::uint64_t kMostShardMemory = 64u << 20;

std::string user_agent(const Options& options) {
  if (!options.user_agent.empty()) return options.user_agent;
  const std::string contact = options.contact.empty() ? "" : "; " + options.contact;
  const std::string token =
      options.user_agent_token.empty() ? "" : "compatible; " + options.user_agent_token + "; ";
  return fmt::format("{}/{} ({}+{}{})", kProductToken, version(), token, kProjectUrl, contact);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

// "Name: value" as RFC 9110 §5 has it. Names that would change the framing are ours alone.
Result<std::pair<std::string, std::string>> parse_header(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || has_control(text) ||
      text.find_first_of(" \t\"(),/<=>?@[\\]{}") < colon) {
    return std::unexpected(Error{.code = ErrorCode::bad_option,
                                 .detail = "a --header is not of the form 'Name: value'"});
  }
  std::string name = text.substr(0, colon);
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (std::string_view ours : {"host", "connection", "content-length", "transfer-encoding", "te",
                                "upgrade", "accept-encoding", "range"}) {
    if (lower == ours) {
      return std::unexpected(
          Error{.code = ErrorCode::bad_option,
                .detail = fmt::format("--header cannot set {}: pixhaul does", name)});
    }
  }
  const auto begin = text.find_first_not_of(" \t", colon + 1);
  return std::pair(std::move(name),
                   begin == std::string::npos ? std::string() : text.substr(begin));
}

// Samples are pictures encoded anew rather than bytes as served.
bool changes_pixels(const Options& options) {
  if (options.disable_all_reencoding) return false;
  return options.resize_mode != ResizeMode::no || options.encode_format ||
         !options.bbox_col.empty();
}

// The enumerators of both sides stand in the same order.
static_assert(static_cast<int>(ResizeMode::border) == static_cast<int>(image::ResizeMode::border));
static_assert(static_cast<int>(Interpolation::lanczos) ==
              static_cast<int>(image::Interpolation::lanczos));
static_assert(static_cast<int>(ColorMode::keep) == static_cast<int>(image::ColorMode::keep));
static_assert(static_cast<int>(ExifOrientation::ignore) ==
              static_cast<int>(image::OrientationMode::ignore));

image::EncodeSettings encode_settings(const Options& options) {
  constexpr int kQuality = 95;  // img2dataset's
  constexpr int kLevel = 6;     // zlib's
  const EncodeFormat format = options.encode_format.value_or(EncodeFormat::jpg);
  const int standard = format == EncodeFormat::png ? kLevel : kQuality;
  return {.format = format == EncodeFormat::jpg   ? ImageFormat::jpeg
                    : format == EncodeFormat::png ? ImageFormat::png
                                                  : ImageFormat::webp,
          .quality = options.encode_quality ? static_cast<int>(*options.encode_quality) : standard};
}

// Where pixels are decoded: in a process of their own, if that can be had.
Result<> set_decoder(const Options& options, const Machine& machine, RunSettings& settings) {
  SampleSettings& sample = settings.sample;
  if (options.sandbox == Sandbox::off || (!sample.decode && !sample.process)) return {};
  if (machine.decoder_program.empty()) {
    if (options.sandbox == Sandbox::automatic) return {};
    return std::unexpected(Error{
        .code = ErrorCode::bad_option,
        .detail = "--sandbox on: there is no pixhaul-decoder beside pixhaul, or this kernel has no "
                  "seccomp filters to lock it in; install pixhaul whole, or use --sandbox auto"});
  }
  constexpr std::uint64_t kBoxRoom = 1U << 20;
  sandbox::DecoderSettings& decoder = sample.decoder;
  decoder.program = machine.decoder_program;
  if (sample.decode) sample.decode->may_decode_tiff = true;
  if (sample.process) sample.process->limits.may_decode_tiff = true;
  decoder.body_capacity = settings.fetch.rules.max_body_bytes + kBoxRoom;
  // Room for what the codecs take at most, twenty bytes a pixel, and for the program itself.
  decoder.address_space_bytes =
      (1ULL << 30) + decoder.body_capacity + decoder.sample_capacity + options.max_pixels * 20;
  return {};
}

Result<> set_samples(const Options& options, RunSettings& settings) {
  settings.filters.min_image_size = options.min_image_size;
  if (options.max_image_area)
    settings.filters.max_image_area = static_cast<double>(*options.max_image_area);
  if (options.max_aspect_ratio) settings.filters.max_aspect_ratio = *options.max_aspect_ratio;
  SampleSettings& sample = settings.sample;
  sample.extract_exif = options.extract_exif;
  sample.is_checked = options.validate != Validate::none;
  sample.wants_digest = options.layout == Layout::img2dataset && !options.verify_hash.empty();
  sample.knows_sizes = options.layout == Layout::pixhaul || !options.disable_all_reencoding;
  const image::DecodeLimits limits{.max_pixels = options.max_pixels};
  if (!changes_pixels(options)) {
    if (options.validate != Validate::decode) return {};
    sample.decode = limits;
    settings.max_pixels = options.max_pixels;
    return {};
  }
  settings.max_pixels = options.max_pixels;
  image::ProcessSettings process{
      .limits = limits,
      .transform = {.mode = static_cast<image::ResizeMode>(options.resize_mode),
                    .image_size = options.image_size,
                    .resize_only_if_bigger = options.resize_only_if_bigger,
                    .upscale = static_cast<image::Interpolation>(options.upscale_interpolation),
                    .downscale = static_cast<image::Interpolation>(options.downscale_interpolation),
                    .filters = settings.filters,
                    .color = static_cast<image::ColorMode>(options.color),
                    .orientation = static_cast<image::OrientationMode>(options.exif_orientation)},
      .reencode = options.skip_reencode ? image::Reencode::if_changed : image::Reencode::always,
      .encode = encode_settings(options),
      .may_blur = !options.bbox_col.empty()};
  if (auto possible = image::check_encoding(process.encode); !possible) return possible;
  sample.process = process;
  return {};
}

MetadataFormat usual_metadata(const Options& options) {
  if (is_dataset(options.output_format)) return MetadataFormat::parquet;
  if (options.layout == Layout::pixhaul) return MetadataFormat::jsonl;
  return options.output_format == OutputFormat::files ? MetadataFormat::parquet
                                                      : MetadataFormat::none;
}

void set_output(const Options& options, OutputSettings& output) {
  const bool theirs = options.layout == Layout::img2dataset;
  output.format = options.output_format;
  output.metadata = options.metadata;
  if (output.metadata == MetadataFormat::automatic) output.metadata = usual_metadata(options);
  if (theirs) {
    output.status_style = writers::StatusStyle::img2dataset;
    output.extension = file_extension(encode_settings(options).format);
    output.has_side_files = options.output_format == OutputFormat::files;
  }
  output.hash_name = hash_field(options.compute_hash);
  output.exif = options.extract_exif;
  output.image_column = file_extension(encode_settings(options).format);
  output.has_captions = !options.caption_col.empty();
  // The reader calls the column by its digests' kind.
  if (!options.verify_hash.empty()) output.hash_column = output.hash_name;
}

// How many descriptors, and therefore transfers, there may be at once.
std::uint32_t most_transfers(const Machine& machine) {
  const std::uint32_t free_files =
      machine.open_files > kReservedFiles + 8 ? machine.open_files - kReservedFiles : 8;
  return std::clamp<std::uint32_t>(free_files * 3 / 4, 1, kMostConcurrency);
}

void set_concurrency(const Options& options, const Machine& machine, RunSettings& settings) {
  const std::uint32_t most = most_transfers(machine);
  std::uint32_t wanted = options.concurrency.value_or(most);
  const std::uint32_t files =
      machine.open_files > kReservedFiles ? machine.open_files - kReservedFiles : 8;
  if (wanted > files) {
    settings.notices.push_back(
        fmt::format("concurrency lowered from {} to {}: this process may open {} files (ulimit -n)",
                    wanted, files, machine.open_files));
    wanted = files;
  }
  settings.loop_count =
      std::min(options.loop_threads.value_or(std::max(machine.cores / 2, 1u)), wanted);
  // Writing leaves a loop half of each core; decoding takes milliseconds an image, and all there
  // is.
  settings.write_count = options.validate == Validate::decode || changes_pixels(options)
                             ? std::max(machine.cores, 1u)
                             : std::max(machine.cores / 2, 1u);
  settings.fetch.loop_count = settings.loop_count;
  settings.fetch.concurrency = (wanted + settings.loop_count - 1) / settings.loop_count;
  settings.fetch.idle_connections =
      std::max<std::size_t>((files - std::min(files, wanted)) / settings.loop_count, 8);
}

// Tables are read, or written beside the samples.
bool needs_arrow(const RunSettings& settings) {
  return settings.output.format == OutputFormat::parquet ||
         settings.output.metadata == MetadataFormat::parquet;
}

// Each transfer holds a receive buffer from its first byte on, each kept connection its TLS state.
void bound_connections(std::uint64_t kept_bytes, RunSettings& settings) {
  net::FetchSettings& fetch = settings.fetch;
  const std::uint64_t bodies = settings.counted_memory_bytes - settings.reserved_memory_bytes;
  const auto of_one_loop = [&](std::uint64_t bytes, std::uint64_t one) {
    return static_cast<std::uint32_t>(
        std::max<std::uint64_t>(bytes / one / settings.loop_count, 1));
  };
  fetch.idle_connections =
      std::min<std::size_t>(fetch.idle_connections, of_one_loop(kept_bytes, kIdleMemory));
  const std::uint32_t most = of_one_loop(bodies, kTransferMemory);
  if (fetch.concurrency <= most) return;
  fetch.concurrency = most;
  settings.notices.push_back(
      fmt::format("concurrency lowered to {} to fit --memory", most * settings.loop_count));
}

// The process takes a part whatever it does; the rest is shared out. Decoding gets half of it where
// there is any, shards being assembled and tables an eighth, bodies what is left: one may always
// grow on, so the largest and what is held beside it must fit.
Result<> set_memory(const Options& options, const Machine& machine, RunSettings& settings) {
  settings.memory_bytes = options.memory.value_or(std::max(machine.memory_bytes / 2, kLeastMemory));
  if (settings.memory_bytes < kLeastMemory) {
    return std::unexpected(Error{.code = ErrorCode::bad_option,
                                 .detail = "--memory is below the least that works, 64MiB"});
  }
  const std::uint64_t fixed = kFixedMemory + (needs_arrow(settings) ? kArrowMemory : 0);
  const std::uint64_t rest = settings.memory_bytes - std::min(fixed, settings.memory_bytes * 3 / 4);
  settings.window_bytes = rest / 16;
  const std::uint64_t connections = rest / 8;
  if (settings.sample.process || settings.sample.decode) settings.decode_memory_bytes = rest / 2;
  settings.reserved_memory_bytes =
      settings.decode_memory_bytes + settings.window_bytes + connections +
      (is_dataset(options.output_format) ? std::min(rest / 8, kMostShardMemory) : 0);
  const std::uint64_t most_body = (rest - settings.reserved_memory_bytes) / 4;
  settings.fetch.rules.max_body_bytes = options.max_body_bytes;
  settings.counted_memory_bytes = rest;
  if (options.max_body_bytes > most_body && options.body == BodyMode::buffer) {
    settings.fetch.rules.max_body_bytes = most_body;
    settings.notices.push_back(fmt::format("max_body_bytes lowered from {} to {} to fit --memory",
                                           options.max_body_bytes, most_body));
  }
  if (options.body == BodyMode::buffer) {  // a streamed body does not grow
    settings.counted_memory_bytes -= settings.fetch.rules.max_body_bytes;
  }
  settings.unwritten_bytes =
      std::min(settings.counted_memory_bytes - settings.reserved_memory_bytes,
               settings.write_count * kUnwrittenBytes);
  bound_connections(connections, settings);
  return {};
}

Result<> set_requests(const Options& options, net::FetchSettings& fetch) {
  fetch.user_agent = user_agent(options);
  fetch.accept = options.accept;
  fetch.referer = options.referer;
  for (const std::string* text : {&fetch.user_agent, &fetch.accept, &fetch.referer}) {
    if (has_control(*text)) {
      return std::unexpected(Error{.code = ErrorCode::bad_option,
                                   .detail = "a request header has a control character in it"});
    }
  }
  for (const std::string& header : options.header) {
    auto parsed = parse_header(header);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    fetch.headers.push_back(std::move(*parsed));
  }
  fetch.rules.disallowed_header_directives = options.disallowed_header_directives;
  fetch.rules.user_agent_token =
      options.user_agent_token.empty() ? std::string(kProductToken) : options.user_agent_token;
  fetch.obey_robots_txt = options.robots_txt == RobotsTxt::obey;
  return {};
}

Result<> set_proxy(const Options& options, net::FetchSettings& fetch) {
  auto proxy = net::ProxySettings::create(options.proxy, net::proxy_environment());
  if (!proxy) return std::unexpected(std::move(proxy).error());
  fetch.proxy = std::move(*proxy);
  fetch.proxy_resolves = options.proxy_dns == ProxyDns::remote;
  return {};
}

}  // namespace

Result<RunSettings> configure(const Options& options, const Machine& machine) {
  RunSettings settings;
  net::FetchSettings& fetch = settings.fetch;
  set_concurrency(options, machine, settings);
  if (auto set = set_samples(options, settings); !set)
    return std::unexpected(std::move(set).error());
  set_output(options, settings.output);
  if (auto set = set_memory(options, machine, settings); !set)
    return std::unexpected(std::move(set).error());
  if (auto set = set_requests(options, fetch); !set) return std::unexpected(std::move(set).error());
  if (auto set = set_proxy(options, fetch); !set) return std::unexpected(std::move(set).error());
  fetch.host_concurrency = options.host_concurrency.value_or(0);
  fetch.address_concurrency = options.address_concurrency;
  fetch.reuse_connections = options.connection == ConnectionMode::reuse;
  fetch.http = options.http_version == HttpVersion::automatic ? net::HttpChoice::automatic
               : options.http_version == HttpVersion::http1   ? net::HttpChoice::http1
                                                              : net::HttpChoice::http2;
  fetch.deadline = options.deadline;
  fetch.connect_timeout = options.connect_timeout;
  fetch.tls_timeout = options.tls_timeout;
  fetch.first_byte_timeout = options.first_byte_timeout;
  fetch.min_speed = options.min_speed;
  fetch.retries = options.retries;
  fetch.max_redirects = options.max_redirects;
  fetch.host_interval = options.host_interval.value_or(std::chrono::milliseconds(0));
  fetch.limit_rate = options.limit_rate.value_or(0) / settings.loop_count;
  settings.tls = {.verify = !options.insecure, .ca_file = options.ca_file};
  settings.dns_servers = options.dns_servers;
  settings.allow_net = options.allow_net;
  settings.validate = options.validate;
  if (auto set = set_decoder(options, machine, settings); !set)
    return std::unexpected(std::move(set).error());
  settings.hash = options.compute_hash;
  settings.body = options.body;
  if (options.insecure) {
    settings.notices.emplace_back(
        "--insecure: certificates are not verified; anybody on the way can replace images");
  }
  return settings;
}

}  // namespace pixhaul::pipeline
