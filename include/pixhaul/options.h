#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul {

enum class InputFormat : std::uint8_t { automatic, txt, csv, tsv, json, jsonl, parquet };
enum class OutputFormat : std::uint8_t { files, webdataset, parquet, tfrecord, dummy };
enum class MetadataFormat : std::uint8_t { automatic, parquet, jsonl, none };
enum class IncrementalMode : std::uint8_t { incremental, overwrite, extend };
enum class Layout : std::uint8_t { pixhaul, img2dataset };
enum class FileNames : std::uint8_t { name, key };
enum class HashKind : std::uint8_t { sha256, sha512, md5, none };
enum class ConnectionMode : std::uint8_t { reuse, fresh };
enum class BodyMode : std::uint8_t { buffer, stream };
enum class ResizeMode : std::uint8_t { no, keep_ratio, keep_ratio_largest, center_crop, border };
enum class Interpolation : std::uint8_t { nearest, linear, cubic, area, lanczos };
enum class EncodeFormat : std::uint8_t { jpg, png, webp };
enum class ColorMode : std::uint8_t { rgb, keep };
enum class ExifOrientation : std::uint8_t { apply, ignore };
enum class Validate : std::uint8_t { structure, decode, none };
enum class Sandbox : std::uint8_t { automatic, on, off };
enum class HttpVersion : std::uint8_t { automatic, http1, http2 };
enum class RobotsTxt : std::uint8_t { off, obey };
enum class ProxyDns : std::uint8_t { local, remote };
enum class ProgressStyle : std::uint8_t { automatic, bar, plain, json, none };
enum class LogLevel : std::uint8_t { error, warning, info };

/// Every knob of a run. The table in option_table.h gives each its name, unit and help; defaults
/// are here. `std::nullopt` is spelled `none` (or `auto`, where the table says so) in text.
struct Options {
  // input
  std::vector<std::string> url_list{};  ///< list files, "-" for standard input, or URLs themselves
  InputFormat input_format = InputFormat::automatic;
  std::string url_col = "url";
  std::string caption_col{};  ///< "": none
  std::string bbox_col{};     ///< boxes to blur, [[x0,y0,x1,y1],…] relative to the sides
  std::string verify_hash{};  ///< "COLUMN,KIND": rows whose digest differs are `hash_mismatch`
  std::vector<std::string> save_additional_columns{};
  bool shards_per_file = false;    ///< each list begins a shard of its own
  std::uint32_t worker_index = 0;  ///< this run does every worker_count-th shard from this one on
  std::uint32_t worker_count = 1;

  // output
  std::string output_folder = "images";
  OutputFormat output_format = OutputFormat::files;
  Layout layout = Layout::pixhaul;  ///< whose words, names and side files the output has
  FileNames file_names = FileNames::name;
  std::uint32_t number_sample_per_shard = 10'000;
  std::uint32_t oom_shard_count = 5;  ///< digits of a shard's name
  HashKind compute_hash = HashKind::sha256;
  std::string retry_failed{};  ///< "", "transient", "all" or statuses separated by commas
  std::uint32_t max_open_shards = 64;
  MetadataFormat metadata = MetadataFormat::automatic;  ///< auto: jsonl for files, else parquet
  bool extract_exif = false;
  bool sizes = false;  ///< sizes.json for loaders that want it
  IncrementalMode incremental_mode = IncrementalMode::incremental;

  // pixels; with `resize_mode` no and no `encode_format` the bytes stay as served
  ResizeMode resize_mode = ResizeMode::no;
  std::uint32_t image_size = 256;  ///< the side that resize_mode aims at, in pixels
  bool resize_only_if_bigger = false;
  Interpolation upscale_interpolation = Interpolation::lanczos;
  Interpolation downscale_interpolation = Interpolation::area;
  std::optional<EncodeFormat> encode_format{};    ///< none: jpg when resized, else as served
  std::optional<std::uint32_t> encode_quality{};  ///< auto: 95; png: compression level, 6
  bool skip_reencode = false;
  bool disable_all_reencoding = false;
  ColorMode color = ColorMode::rgb;
  ExifOrientation exif_orientation = ExifOrientation::apply;
  std::uint32_t min_image_size = 0;               ///< of the shorter side, in pixels
  std::optional<std::uint64_t> max_image_area{};  ///< in pixels
  std::optional<double> max_aspect_ratio{};       ///< longer side over shorter

  // what counts as an image
  Validate validate = Validate::structure;
  std::uint64_t max_body_bytes = 32u << 20;  ///< on the wire and decoded
  std::uint64_t max_pixels = 50'000'000;
  Sandbox sandbox = Sandbox::automatic;  ///< decode in processes that can reach nothing

  // speed
  std::optional<std::uint32_t> concurrency{};       ///< transfers in flight over all hosts; auto
  std::optional<std::uint32_t> host_concurrency{};  ///< auto: 6 on HTTP/1.1, 24 on HTTP/2
  std::uint32_t address_concurrency = 64;
  std::optional<std::uint32_t> loop_threads{};  ///< auto: the cores this process may use
  std::optional<std::uint64_t> memory{};        ///< bytes; auto: half the machine or cgroup
  ConnectionMode connection = ConnectionMode::reuse;
  BodyMode body = BodyMode::buffer;

  // network
  HttpVersion http_version = HttpVersion::automatic;
  std::chrono::milliseconds deadline{30'000};  ///< one attempt, DNS to last byte
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds tls_timeout{5'000};
  std::chrono::milliseconds first_byte_timeout{10'000};
  std::uint64_t min_speed = 1'024;  ///< bytes per second over ten seconds; 0 is off
  std::uint32_t retries = 2;
  std::uint32_t max_redirects = 10;
  std::string proxy{};  ///< "" means the environment, "none" no proxy at all
  ProxyDns proxy_dns = ProxyDns::local;
  std::vector<std::string> dns_servers{};  ///< empty: the system's
  std::vector<std::string> allow_net{};    ///< CIDR
  std::string ca_file{};                   ///< "": SSL_CERT_FILE or the system's store
  bool insecure = false;

  // requests
  std::vector<std::string> header{};  ///< "Name: value"
  std::string referer{};
  std::string accept = "image/*,*/*;q=0.8";
  std::string user_agent{};  ///< "": pixhaul/VERSION (+project URL; contact)
  std::string contact{};
  std::string user_agent_token{};  ///< "": pixhaul; what robots directives call this run

  // politeness
  std::vector<std::string> disallowed_header_directives{"noai", "noimageai", "noindex",
                                                        "noimageindex"};
  RobotsTxt robots_txt = RobotsTxt::off;
  std::optional<std::chrono::milliseconds> host_interval{};
  std::optional<std::uint64_t> limit_rate{};  ///< bytes per second in all

  // limits of the run
  std::optional<std::uint64_t> max_rows{};
  std::optional<std::uint64_t> max_errors{};
  std::optional<std::uint64_t> max_bytes{};
  std::optional<std::chrono::milliseconds> max_duration{};
  double fail_ratio = 0;

  // for those who watch; the engine writes the two files and never prints
  ProgressStyle progress = ProgressStyle::automatic;
  std::string events{};        ///< file that events are appended to, "-" for standard output
  std::string metrics_file{};  ///< kept up to date for Prometheus' collectors of text files
  LogLevel log_level = LogLevel::warning;
};

}  // namespace pixhaul
