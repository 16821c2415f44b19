// Combinations in which an option the user set would do nothing, or against another. Each rule is a
// line of the table: when it applies and the sentence it earns. Only options that were given are
// judged, never defaults.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "pipeline/open_input.h"
#include "pixhaul/option_table.h"

namespace pixhaul {
namespace {

// The variables that name a proxy; curl's rule: http_proxy in lower case only.
bool environment_names_proxy() {
  constexpr const char* kVariables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
  return std::any_of(std::begin(kVariables), std::end(kVariables), [](const char* variable) {
    const char* value =
        std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read only, before any thread
    return value != nullptr && *value != 0;
  });
}

bool uses_proxy(const Options& options) {
  return options.proxy.empty() ? environment_names_proxy() : options.proxy != "none";
}

bool keeps_bytes(const Options& o) {
  return o.resize_mode == ResizeMode::no && !o.encode_format && o.bbox_col.empty();
}

bool decodes(const Options& o) { return o.validate == Validate::decode || !keeps_bytes(o); }

bool resizes(const Options& o) { return o.resize_mode != ResizeMode::no; }

struct Rule {
  const char* option;   ///< judged when this was given ...
  const char* because;  ///< ... and this too; "" when its value alone, default or not, decides
  bool (*applies)(const Options&);
  const char* sentence;
};

constexpr Rule kRules[] = {
    {"file_names", "", [](const Options& o) { return o.output_format == OutputFormat::dummy; },
     "--file_names has no effect with --output_format dummy, which writes no images"},
    {"file_names", "", [](const Options& o) { return o.layout == Layout::img2dataset; },
     "--file_names has no effect with --layout img2dataset, whose files go by the key"},
    {"layout", "body",
     [](const Options& o) { return o.layout == Layout::img2dataset && o.body == BodyMode::stream; },
     "--body stream contradicts --layout img2dataset, which names images before they are seen"},
    {"output_folder", "",
     [](const Options& o) {
       return o.output_format == OutputFormat::files && pipeline::is_remote(o.output_folder);
     },
     "an object store takes shards, not single images: say --output_format webdataset, parquet or "
     "tfrecord, or name a folder of this machine"},
    {"output_folder", "",
     [](const Options& o) {
       return pipeline::is_remote(o.output_folder) &&
              o.output_folder.find('@') != std::string::npos;
     },
     "--output_folder is shown and recorded, so it takes no credentials: give them as "
     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"},
    {"oom_shard_count", "", [](const Options& o) { return o.oom_shard_count > 18; },
     "--oom_shard_count is at most 18"},
    {"proxy_dns", "", [](const Options& o) { return !uses_proxy(o); },
     "--proxy_dns has no effect without --proxy"},
    {"ca_file", "", [](const Options& o) { return o.insecure; },
     "--ca_file has no effect with --insecure, which accepts any certificate"},
    {"contact", "", [](const Options& o) { return !o.user_agent.empty() && !o.contact.empty(); },
     "--contact has no effect with --user_agent: write it into the user agent yourself"},
    {"max_pixels", "", [](const Options& o) { return !decodes(o); },
     "--max_pixels has no effect without --validate decode: nothing is decoded"},
    {"sandbox", "", [](const Options& o) { return o.sandbox == Sandbox::on && !decodes(o); },
     "--sandbox has no effect without --validate decode: nothing is decoded"},
    {"body", "", [](const Options& o) { return o.body == BodyMode::stream && decodes(o); },
     "--body stream contradicts decoding, which needs the whole image in memory"},
    {"body", "",
     [](const Options& o) {
       return o.body == BodyMode::stream && o.output_format != OutputFormat::files &&
              o.output_format != OutputFormat::dummy;
     },
     "--body stream has no effect but with --output_format files: shards are written in order"},
    {"body", "", [](const Options& o) { return o.body == BodyMode::stream && o.extract_exif; },
     "--body stream contradicts --extract_exif, which needs the whole image in memory"},
    {"file_names", "",
     [](const Options& o) {
       return o.output_format != OutputFormat::files && o.output_format != OutputFormat::dummy;
     },
     "--file_names has no effect but with --output_format files: datasets go by the key"},
    {"validate", "",
     [](const Options& o) { return o.validate != Validate::decode && !keeps_bytes(o); },
     "--validate has no effect when pictures are encoded anew: that decodes them"},
    {"image_size", "", [](const Options& o) { return !resizes(o); },
     "--image_size has no effect with --resize_mode no"},
    {"resize_only_if_bigger", "", [](const Options& o) { return !resizes(o); },
     "--resize_only_if_bigger has no effect with --resize_mode no"},
    {"upscale_interpolation", "", [](const Options& o) { return !resizes(o); },
     "--upscale_interpolation has no effect with --resize_mode no"},
    {"upscale_interpolation", "", [](const Options& o) { return o.resize_only_if_bigger; },
     "--upscale_interpolation has no effect with --resize_only_if_bigger"},
    {"downscale_interpolation", "", [](const Options& o) { return !resizes(o); },
     "--downscale_interpolation has no effect with --resize_mode no"},
    {"disable_all_reencoding", "resize_mode",
     [](const Options& o) { return o.disable_all_reencoding && resizes(o); },
     "--disable_all_reencoding contradicts --resize_mode: the bytes are kept as served"},
    {"disable_all_reencoding", "encode_format",
     [](const Options& o) { return o.disable_all_reencoding && o.encode_format; },
     "--disable_all_reencoding contradicts --encode_format: the bytes are kept as served"},
    {"disable_all_reencoding", "bbox_col",
     [](const Options& o) { return o.disable_all_reencoding && !o.bbox_col.empty(); },
     "--disable_all_reencoding contradicts --bbox_col: boxes could not be blurred"},
    {"encode_quality", "", keeps_bytes,
     "--encode_quality has no effect without --resize_mode or --encode_format: the bytes are kept "
     "as served"},
    {"encode_quality", "",
     [](const Options& o) {
       return o.encode_quality && o.encode_format == EncodeFormat::png && *o.encode_quality > 9;
     },
     "--encode_quality is the compression level with --encode_format png: 0 to 9"},
    {"encode_quality", "",
     [](const Options& o) {
       return o.encode_quality &&
              o.encode_format.value_or(EncodeFormat::jpg) == EncodeFormat::jpg &&
              (*o.encode_quality < 1 || *o.encode_quality > 100);
     },
     "--encode_quality is 1 to 100 with --encode_format jpg"},
    {"skip_reencode", "", keeps_bytes,
     "--skip_reencode has no effect without --resize_mode or --encode_format: nothing is encoded"},
    {"color", "", keeps_bytes,
     "--color has no effect without --resize_mode or --encode_format: the bytes are kept as "
     "served"},
    {"exif_orientation", "", keeps_bytes,
     "--exif_orientation has no effect without --resize_mode or --encode_format: the bytes are "
     "kept "
     "as served"},
    {"worker_index", "", [](const Options& o) { return o.worker_index >= o.worker_count; },
     "--worker_index counts from 0 and is below --worker_count"},
    {"sizes", "",
     [](const Options& o) {
       return o.output_format == OutputFormat::files || o.output_format == OutputFormat::dummy;
     },
     "--sizes has no effect but with a dataset: --output_format webdataset, parquet or tfrecord"},
    {"sizes", "worker_count", [](const Options& o) { return o.worker_count > 1; },
     "--sizes contradicts --worker_count: each worker knows its own shards only"},
    {"metadata", "",
     [](const Options& o) {
       return o.output_format == OutputFormat::parquet && o.metadata != MetadataFormat::automatic &&
              o.metadata != MetadataFormat::parquet;
     },
     "--metadata has no effect with --output_format parquet: the table is the metadata"},
    {"connect_timeout", "", [](const Options& o) { return o.connect_timeout > o.deadline; },
     "--connect_timeout has no effect beyond --deadline, which ends the attempt first"},
    {"tls_timeout", "", [](const Options& o) { return o.tls_timeout > o.deadline; },
     "--tls_timeout has no effect beyond --deadline, which ends the attempt first"},
    {"first_byte_timeout", "", [](const Options& o) { return o.first_byte_timeout > o.deadline; },
     "--first_byte_timeout has no effect beyond --deadline, which ends the attempt first"},
    {"host_concurrency", "concurrency",
     [](const Options& o) {
       return o.concurrency && o.host_concurrency && *o.host_concurrency > *o.concurrency;
     },
     "--host_concurrency has no effect beyond --concurrency, which holds over all hosts"},
    {"address_concurrency", "host_concurrency",
     [](const Options& o) {
       return o.host_concurrency && o.address_concurrency < *o.host_concurrency;
     },
     "--address_concurrency contradicts --host_concurrency: it is never below it"},
};

}  // namespace

Result<> check_options(const Options& options, std::span<const std::string> given) {
  const auto is_given = [&](std::string_view name) {
    return name.empty() || std::find(given.begin(), given.end(), name) != given.end();
  };
  for (const Rule& rule : kRules) {
    if (is_given(rule.option) && is_given(rule.because) && rule.applies(options)) {
      return std::unexpected(Error{.code = ErrorCode::bad_option, .detail = rule.sentence});
    }
  }
  return {};
}

}  // namespace pixhaul
