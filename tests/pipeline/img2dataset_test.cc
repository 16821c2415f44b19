#include "pixhaul/img2dataset.h"

#include <gtest/gtest.h>

#include <functional>

#include "pixhaul/option_table.h"
#include "support/temp_folder.h"

namespace pixhaul {
namespace {

using Parameters = Img2datasetParameters;

Parameters with_list() { return {.url_list = "urls.txt"}; }

Options options_of(const Parameters& parameters, const Environment& environment = {}) {
  auto options = img2dataset_options(parameters, environment);
  EXPECT_TRUE(options) << options.error().detail;
  return options.value_or(Options());
}

std::string refusal(const Parameters& parameters) {
  auto options = img2dataset_options(parameters, {});
  return options ? "" : options.error().detail;
}

TEST(Img2datasetTable, HasItsParametersInItsOrderWithItsDefaults) {
  // inspect.signature(img2dataset.download) of 1.47.0, and ignore_ssl_certificate behind it.
  const std::pair<std::string_view, std::string_view> expected[] = {
      {"url_list", "''"},
      {"image_size", "256"},
      {"output_folder", "'images'"},
      {"processes_count", "1"},
      {"resize_mode", "'border'"},
      {"resize_only_if_bigger", "False"},
      {"upscale_interpolation", "'lanczos'"},
      {"downscale_interpolation", "'area'"},
      {"encode_quality", "95"},
      {"encode_format", "'jpg'"},
      {"skip_reencode", "False"},
      {"output_format", "'files'"},
      {"input_format", "'txt'"},
      {"url_col", "'url'"},
      {"caption_col", "None"},
      {"bbox_col", "None"},
      {"thread_count", "256"},
      {"number_sample_per_shard", "10000"},
      {"extract_exif", "True"},
      {"save_additional_columns", "None"},
      {"timeout", "10.0"},
      {"enable_wandb", "False"},
      {"wandb_project", "'img2dataset'"},
      {"oom_shard_count", "5"},
      {"compute_hash", "'sha256'"},
      {"verify_hash", "None"},
      {"distributor", "'multiprocessing'"},
      {"subjob_size", "1000"},
      {"retries", "0"},
      {"disable_all_reencoding", "False"},
      {"min_image_size", "0"},
      {"max_image_area", "inf"},
      {"max_aspect_ratio", "inf"},
      {"incremental_mode", "'incremental'"},
      {"max_shard_retry", "1"},
      {"user_agent_token", "None"},
      {"disallowed_header_directives", "None"},
      {"ignore_ssl_certificate", "False"},
  };
  ASSERT_EQ(img2dataset_table().size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(img2dataset_table()[i].name, expected[i].first);
    EXPECT_EQ(img2dataset_text(Parameters(), expected[i].first), expected[i].second)
        << expected[i].first;
  }
}

TEST(Img2datasetTable, EveryValueComesBackFromItsText) {
  Parameters some{.url_list = "it's a list",
                  .caption_col = "None",
                  .save_additional_columns = std::vector<std::string>{"a", "b'c"},
                  .timeout = 0.5,
                  .compute_hash = std::nullopt,
                  .max_image_area = 1e300,
                  .disallowed_header_directives = std::vector<std::string>()};
  Parameters back;
  for (const Img2datasetInfo& info : img2dataset_table()) {
    const std::string text = img2dataset_text(some, info.name);
    ASSERT_TRUE(set_img2dataset_parameter(back, info.name, text)) << info.name << ' ' << text;
    EXPECT_EQ(img2dataset_text(back, info.name), text);
  }
  EXPECT_EQ(back.caption_col, "None");
  EXPECT_EQ(back.disallowed_header_directives, std::vector<std::string>());
}

TEST(Img2datasetTable, AWrongValueIsNamed) {
  Parameters parameters;
  const auto set = [&](std::string_view name, std::string_view text) {
    auto done = set_img2dataset_parameter(parameters, name, text);
    return done ? std::string() : done.error().detail;
  };
  EXPECT_EQ(set("image_size", "big"), "image_size cannot be big: it takes int");
  EXPECT_EQ(set("image-size", "2.5"), "image_size cannot be 2.5: it takes int");
  EXPECT_EQ(set("extract_exif", "maybe"), "extract_exif cannot be maybe: it takes bool");
  EXPECT_EQ(set("image_sise", "3"),
            "img2dataset has no parameter image_sise; did you mean image_size?");
  EXPECT_EQ(set("image_size", "1e3"), "");
  EXPECT_EQ(parameters.image_size, 1'000);
}

// The sentences of img2dataset's ValueErrors, word for word.
TEST(Img2datasetOptions, RefusesWhatItRefusesInItsWords) {
  struct Case {
    std::function<void(Parameters&)> change;
    std::string_view sentence;
  };
  using L = std::vector<std::string>;
  const Case cases[] = {
      {[](Parameters& p) { p.compute_hash = "crc"; }, "Unsupported hash to compute: crc"},
      {[](Parameters& p) { p.verify_hash = L{"h", "md5"}; },
       "verify_hash and compute_hash must be the same but got md5 and sha256"},
      {[](Parameters& p) {
         p.verify_hash = L{"h", "md5"};
         p.compute_hash.reset();
       },
       "verify_hash and compute_hash must be the same but got md5 and None"},
      {[](Parameters& p) { p.save_additional_columns = L{"exif", "id"}; },
       "You cannot use in save_additional_columns the following columns: {'exif'}.img2dataset "
       "reserves these columns for its own use. Please remove them from save_additional_columns."},
      {[](Parameters& p) { p.incremental_mode = "again"; }, "Unknown incremental mode again"},
      {[](Parameters& p) { p.input_format = "xml"; }, "Invalid input format xml"},
      {[](Parameters& p) { p.input_format = "parquet.gz"; }, "Invalid input format parquet.gz"},
      {[](Parameters& p) { p.output_format = "zip"; }, "Invalid output format zip"},
      {[](Parameters& p) { p.encode_format = "gif"; }, "Invalid encode format gif"},
      {[](Parameters& p) {
         p.encode_format = "png";
         p.encode_quality = 10;
       },
       "For png, encode quality represents compression whichmust be between 0 and 9, got 10"},
      {[](Parameters& p) { p.resize_mode = "shrink"; }, "Invalid option for resize_mode: shrink"},
      {[](Parameters& p) { p.upscale_interpolation = "Magic"; },
       "Invalid option for interpolation: magic"},
      {[](Parameters& p) { p.distributor = "slurm"; }, "Distributor slurm not supported"},
  };
  for (const Case& one : cases) {
    Parameters parameters = with_list();
    one.change(parameters);
    EXPECT_EQ(refusal(parameters), one.sentence);
  }
}

TEST(Img2datasetOptions, AFolderStandsForItsFilesOfThatFormatSorted) {
  const testing::TempFolder folder;
  for (const char* name : {"b.csv", "a.csv", "c.csv.gz", ".d.csv", "e.txt", "sub/f.csv"})
    folder.write(name, "url\n");
  Parameters parameters{.url_list = folder.path(), .input_format = "csv"};
  EXPECT_EQ(options_of(parameters).url_list,
            (std::vector<std::string>{folder.file("a.csv"), folder.file("b.csv")}));
  parameters.url_list = "file://" + folder.path();
  parameters.input_format = "csv.gz";
  EXPECT_EQ(options_of(parameters).url_list, std::vector<std::string>{folder.file("c.csv.gz")});
  parameters.input_format = "parquet";
  EXPECT_EQ(refusal(parameters),
            "No file found at path " + folder.path() + " with extension parquet");
}

TEST(Img2datasetOptions, TheDefaultsAreItsWay) {
  const Options options = options_of(with_list());
  EXPECT_EQ(options.layout, Layout::img2dataset);
  EXPECT_EQ(options.resize_mode, ResizeMode::border);
  EXPECT_EQ(options.encode_format, EncodeFormat::jpg);
  EXPECT_EQ(options.encode_quality, 95u);
  EXPECT_EQ(options.concurrency, 256u);
  EXPECT_EQ(options.retries, 0u);
  EXPECT_EQ(options.connect_timeout, std::chrono::seconds(10));
  EXPECT_EQ(options.deadline, std::chrono::seconds(30));
  EXPECT_EQ(options.fail_ratio, 1);
  EXPECT_TRUE(options.extract_exif);
  EXPECT_TRUE(options.shards_per_file);
  EXPECT_FALSE(options.max_image_area);
  EXPECT_FALSE(options.max_aspect_ratio);
}

TEST(Img2datasetOptions, ValuesBecomeOurs) {
  Parameters parameters = with_list();
  parameters.processes_count = 4;
  parameters.thread_count = 32;
  parameters.timeout = 0.5;
  parameters.downscale_interpolation = "BiLinear";
  parameters.encode_quality = 0;
  parameters.max_image_area = 2.5;
  parameters.user_agent_token = "  MyBot ";
  parameters.disallowed_header_directives = std::vector<std::string>{" NoAI "};
  parameters.compute_hash.reset();
  const Options options = options_of(parameters);
  EXPECT_EQ(options.concurrency, 128u);
  EXPECT_EQ(options.first_byte_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(options.downscale_interpolation, Interpolation::linear);
  EXPECT_EQ(options.encode_quality, 1u);
  EXPECT_EQ(options.max_image_area, 2u);
  EXPECT_EQ(options.user_agent_token, "mybot");
  EXPECT_EQ(options.disallowed_header_directives, std::vector<std::string>{"noai"});
  EXPECT_EQ(options.compute_hash, HashKind::none);
}

TEST(Img2datasetOptions, PngWithJpegsDefaultQualityIsNothingSaid) {
  Parameters parameters = with_list();
  parameters.encode_format = "png";
  EXPECT_FALSE(options_of(parameters).encode_quality);
  parameters.encode_quality = 3;
  EXPECT_EQ(options_of(parameters).encode_quality, 3u);
}

TEST(Img2datasetOptions, WithoutReencodingNothingIsLookedAt) {
  Parameters parameters = with_list();
  parameters.disable_all_reencoding = true;
  parameters.min_image_size = 100;
  parameters.encode_format = "webp";
  const Options options = options_of(parameters);
  EXPECT_EQ(options.validate, Validate::none);
  EXPECT_EQ(options.resize_mode, ResizeMode::no);
  EXPECT_EQ(options.min_image_size, 0u);
  EXPECT_EQ(options.encode_format, EncodeFormat::webp);  // the files' extension
  parameters.bbox_col = "boxes";
  parameters.input_format = "csv";
  EXPECT_NE(refusal(parameters).find("boxes could not be blurred"), std::string::npos);
}

TEST(Img2datasetOptions, ALineListHasNoColumns) {
  Parameters parameters = with_list();
  parameters.caption_col = "text";
  parameters.save_additional_columns = std::vector<std::string>{"id"};
  parameters.verify_hash = std::vector<std::string>{"h", "sha256"};
  const Options options = options_of(parameters);
  EXPECT_EQ(options.caption_col, "text");  // empty captions are written, as img2dataset does
  EXPECT_TRUE(options.save_additional_columns.empty());
  EXPECT_EQ(options.verify_hash, "");
}

TEST(Img2datasetOptions, VariablesHoldWhereNoParameterSaidOtherwise) {
  const Environment environment = {{"PIXHAUL_ALLOW_NET", "127.0.0.0/8"},
                                   {"PIXHAUL_RETRIES", "2"},
                                   {"PIXHAUL_CONCURRENCY", "7"},
                                   {"PIXHAUL_LAYOUT", "pixhaul"}};
  Options options = options_of(with_list(), environment);
  EXPECT_EQ(options.allow_net, std::vector<std::string>{"127.0.0.0/8"});
  EXPECT_EQ(options.retries, 2u);
  EXPECT_EQ(options.concurrency, 7u);
  EXPECT_EQ(options.layout, Layout::img2dataset);
  Parameters parameters = with_list();
  parameters.retries = 1;
  parameters.thread_count = 10;
  options = options_of(parameters, environment);
  EXPECT_EQ(options.retries, 1u);
  EXPECT_EQ(options.concurrency, 10u);
  const auto wrong = img2dataset_options(with_list(), {{"PIXHAUL_DEADLINE", "soon"}});
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().detail.starts_with("PIXHAUL_DEADLINE: ")) << wrong.error().detail;
}

}  // namespace
}  // namespace pixhaul
