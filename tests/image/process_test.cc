#include "image/process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string>

#include "image/bombs.h"
#include "image/pictures.h"
#include "image/samples.h"

namespace pixhaul::image {
namespace {

using namespace std::string_literals;

constexpr std::array kModes = {ResizeMode::no, ResizeMode::keep_ratio,
                               ResizeMode::keep_ratio_largest, ResizeMode::center_crop,
                               ResizeMode::border};
const std::vector<Box> kBox{{.left = 0.25, .top = 0.25, .right = 0.75, .bottom = 0.75}};

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Result<Processed> processed(std::string_view body, const ProcessSettings& settings,
                            std::span<const Box> boxes = {}) {
  return process(bytes_of(body), settings, boxes);
}

ErrorCode code_of(const Result<Processed>& result) {
  return result ? ErrorCode::success : result.error().code;
}

/// The sample's pixels, which must be as the facts say.
Image pixels_of(const Processed& sample, std::string_view body) {
  auto decoded = decode(sample.is_original ? bytes_of(body) : sample.bytes.bytes(), {});
  EXPECT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->image.width(), sample.width);
  EXPECT_EQ(decoded->image.height(), sample.height);
  return std::move(decoded->image);
}

/// What is left of a quarter's colour in an RGB sample.
std::array<int, 3> expected_color(Expected expected, const Picture::Color& c) {
  const bool has_alpha = expected == Expected::rgb_alpha || expected == Expected::grey_alpha;
  const bool is_grey = expected == Expected::grey || expected == Expected::grey_alpha;
  std::array<int, 3> color{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int value = is_grey ? grey_of(c) : c[i];
    color[i] = has_alpha ? (value * c[3] + 127) / 255 + 255 - c[3] : value;
  }
  return color;
}

ProcessSettings sized(ResizeMode mode, std::uint32_t image_size,
                      ImageFormat format = ImageFormat::png) {
  return {.transform = {.mode = mode, .image_size = image_size},
          .encode = {.format = format, .quality = format == ImageFormat::png ? 1 : 95}};
}

class Pictures : public ::testing::TestWithParam<EncodedPicture> {};

// Each quarter's middle is looked for where the mode has put it.
void expect_quarters(const Image& image, const Plan& plan, const EncodedPicture& picture,
                     int tolerance) {
  ASSERT_EQ(image.channels(), 3u);
  for (const double part_y : {0.25, 0.75}) {
    for (const double part_x : {0.25, 0.75}) {
      const double x = part_x * plan.scaled.width - plan.crop_left + plan.pad_left;
      const double y = part_y * plan.scaled.height - plan.crop_top + plan.pad_top;
      const std::size_t quarter = (part_x > 0.5 ? 1u : 0u) + (part_y > 0.5 ? 2u : 0u);
      const auto want = expected_color(picture.expected, Picture::kColors[quarter]);
      const auto row = image.row(static_cast<std::uint32_t>(y));
      const auto pixel = row.subspan(static_cast<std::size_t>(x) * 3, 3);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(pixel[i], want[i], tolerance) << "quarter " << quarter << ", channel " << i;
      }
    }
  }
}

TEST_P(Pictures, BecomeEveryModesSizeWithTheirColors) {
  const EncodedPicture& picture = GetParam();
  for (const ResizeMode mode : kModes) {
    for (const std::uint32_t image_size : {40u, 100u}) {
      for (const ImageFormat format : {ImageFormat::png, ImageFormat::jpeg, ImageFormat::webp}) {
        const ProcessSettings settings = sized(mode, image_size, format);
        const auto sample = processed(picture.bytes, settings);
        ASSERT_TRUE(sample) << sample.error().detail;
        const Plan plan = make_plan({Picture::kWidth, Picture::kHeight}, settings.transform);
        EXPECT_EQ(sample->format, format);
        EXPECT_FALSE(sample->is_original);
        EXPECT_EQ(sample->width, plan.result.width);
        EXPECT_EQ(sample->height, plan.result.height);
        EXPECT_EQ(sample->original_width, Picture::kWidth);
        EXPECT_EQ(sample->original_height, Picture::kHeight);
        const int lossy = format == ImageFormat::png ? 1 : 9;
        expect_quarters(pixels_of(*sample, ""), plan, picture, picture.tolerance + lossy);
      }
    }
  }
}

TEST_P(Pictures, AreNeverAcceptedTruncated) {
  const EncodedPicture& picture = GetParam();
  for (std::size_t percent = 0; percent < 100; ++percent) {
    const std::string_view cut =
        std::string_view(picture.bytes).substr(0, picture.bytes.size() * percent / 100);
    for (const Reencode reencode : {Reencode::never, Reencode::if_changed, Reencode::always}) {
      EXPECT_FALSE(processed(cut, {.reencode = reencode})) << percent << " % of it";
    }
  }
}

TEST_P(Pictures, GiveTheSameBytesEveryTime) {
  const EncodedPicture& picture = GetParam();
  const ProcessSettings settings = sized(ResizeMode::border, 50, ImageFormat::jpeg);
  const auto first = processed(picture.bytes, settings);
  const auto second = processed(picture.bytes, settings);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->bytes.text(), second->bytes.text());
}

TEST_P(Pictures, KeepTheirBytesOnlyWhenNothingChanges) {
  const EncodedPicture& picture = GetParam();
  const bool is_opaque_rgb = picture.expected == Expected::rgb &&
                             !picture.name.starts_with("jpeg_cmyk") && picture.name != "jpeg_ycck";
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp}) {
    ProcessSettings settings = sized(ResizeMode::no, 256, format);
    settings.reencode = Reencode::if_changed;
    const auto sample = processed(picture.bytes, settings);
    ASSERT_TRUE(sample) << sample.error().detail;
    EXPECT_EQ(sample->is_original, is_opaque_rgb && picture.format == format);
    EXPECT_EQ(sample->bytes.empty(), sample->is_original);
    EXPECT_EQ(sample->format, format);
    EXPECT_EQ(sample->width, Picture::kWidth);

    // A resize step to the very same size is a change, as in img2dataset.
    settings.transform = {.mode = ResizeMode::keep_ratio, .image_size = Picture::kHeight};
    EXPECT_FALSE(processed(picture.bytes, settings)->is_original);
    // One that is skipped is none.
    settings.transform.resize_only_if_bigger = true;
    EXPECT_EQ(processed(picture.bytes, settings)->is_original, sample->is_original);
  }
}

TEST_P(Pictures, AreNeverKeptWithABoxToBlur) {
  const EncodedPicture& picture = GetParam();
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp}) {
    ProcessSettings settings = sized(ResizeMode::no, 256, format);
    settings.reencode = Reencode::if_changed;
    settings.may_blur = true;
    const auto sample = processed(picture.bytes, settings, kBox);
    ASSERT_TRUE(sample) << sample.error().detail;
    ASSERT_FALSE(sample->is_original);
    // The quarters' corner in the middle is a mixture now.
    const Image image = pixels_of(*sample, "");
    const auto want = expected_color(picture.expected, Picture::kColors[0]);
    int difference = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      difference += std::abs(image.row(23)[31 * 3 + i] - want[i]);
    }
    EXPECT_GT(difference, 40);
  }
}

TEST_P(Pictures, AreOnlyDescribedWhenNothingIsReencoded) {
  const EncodedPicture& picture = GetParam();
  ProcessSettings settings = sized(ResizeMode::border, 40);
  settings.reencode = Reencode::never;
  const auto sample = processed(picture.bytes, settings);
  ASSERT_TRUE(sample);
  EXPECT_TRUE(sample->is_original);
  EXPECT_TRUE(sample->bytes.empty());
  EXPECT_EQ(sample->format, picture.format);
  EXPECT_EQ(sample->width, Picture::kWidth);
  EXPECT_EQ(sample->height, Picture::kHeight);
}

TEST_P(Pictures, AreFilteredByTheirSize) {
  const EncodedPicture& picture = GetParam();
  for (const Reencode reencode : {Reencode::never, Reencode::always}) {
    ProcessSettings settings{.reencode = reencode};
    settings.transform.filters.min_image_size = Picture::kHeight + 1;
    const auto result = processed(picture.bytes, settings);
    EXPECT_EQ(code_of(result), ErrorCode::filtered);
    EXPECT_EQ(result.error().detail, "image too small");
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, Pictures, ::testing::ValuesIn(encoded_pictures()),
                         [](const auto& test) { return test.param.name; });

EncodedPicture picture(std::string_view name) {
  const auto all = encoded_pictures();
  return *std::ranges::find(all, name, &EncodedPicture::name);
}

// ---- colour and orientation

TEST(Process, GreyStaysOneChannelOnlyWhereItIsKept) {
  for (const char* name : {"jpeg_grey", "png_grey", "png_grey_alpha"}) {
    for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png}) {
      ProcessSettings settings = sized(ResizeMode::keep_ratio, 40, format);
      const auto rgb = processed(picture(name).bytes, settings);
      ASSERT_TRUE(rgb);
      EXPECT_EQ(pixels_of(*rgb, "").channels(), 3u);
      settings.transform.color = ColorMode::keep;
      const auto kept = processed(picture(name).bytes, settings);
      ASSERT_TRUE(kept);
      EXPECT_EQ(pixels_of(*kept, "").channels(), 1u);
    }
  }
}

/// EXIF with an orientation and nothing else.
std::string exif_of(int orientation) {
  return "MM\0\x2A\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0"s + static_cast<char>(orientation) +
         std::string(6, '\0');
}

std::string turned_jpeg(int orientation) {
  std::string file = picture("jpeg_ycbcr").bytes;
  return file.insert(2, segment(0xE1, "Exif\0\0"s + exif_of(orientation)));
}

std::string turned_png(int orientation) {
  std::string file = picture("png_rgb").bytes;
  return file.insert(file.find("IDAT") - 4, png_chunk("eXIf", exif_of(orientation)));
}

/// The quarter that is seen at the top left, by its colour.
std::size_t first_quarter(const Image& image) {
  const auto pixel = image.row(5).subspan(5 * 3, 3);
  const auto distance = [&](const Picture::Color& c) {
    return std::abs(pixel[0] - c[0]) + std::abs(pixel[1] - c[1]) + std::abs(pixel[2] - c[2]);
  };
  return static_cast<std::size_t>(std::ranges::min_element(Picture::kColors, {}, distance) -
                                  Picture::kColors.begin());
}

TEST(Process, PicturesAreTurnedUprightByTheirTag) {
  // Which stored corner is seen at the top left.
  constexpr std::array<std::size_t, 8> kQuarters = {0, 1, 3, 2, 0, 2, 3, 1};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const std::string& file : {turned_jpeg(orientation), turned_png(orientation)}) {
      ProcessSettings settings = sized(ResizeMode::no, 256, ImageFormat::jpeg);
      const auto sample = processed(file, settings);
      ASSERT_TRUE(sample) << sample.error().detail;
      EXPECT_EQ(sample->width, orientation >= 5 ? Picture::kHeight : Picture::kWidth);
      EXPECT_EQ(sample->original_width, sample->width);
      EXPECT_EQ(first_quarter(pixels_of(*sample, "")),
                kQuarters[static_cast<std::size_t>(orientation) - 1])
          << orientation;
      settings.transform.orientation = OrientationMode::ignore;
      const auto ignored = processed(file, settings);
      ASSERT_TRUE(ignored);
      EXPECT_EQ(ignored->width, Picture::kWidth);
      EXPECT_EQ(first_quarter(pixels_of(*ignored, "")), 0u);
    }
  }
}

/// A picture turned a quarter counter-clockwise, pixel by pixel.
Image quarter_turned(const Image& image) {
  Image turned(image.height(), image.width(), 3);
  for (std::uint32_t y = 0; y < turned.height(); ++y) {
    for (std::uint32_t x = 0; x < turned.width(); ++x)
      std::ranges::copy(image.row(x).subspan((image.width() - 1 - y) * 3, 3),
                        turned.row(y).subspan(x * 3, 3).begin());
  }
  return turned;
}

/// Top and bottom exchanged, or left and right.
Image mirrored(const Image& image, bool is_sideways) {
  Image made(image.width(), image.height(), 3);
  for (std::uint32_t y = 0; y < made.height(); ++y) {
    for (std::uint32_t x = 0; x < made.width(); ++x) {
      const auto from = image.row(is_sideways ? y : image.height() - 1 - y);
      std::ranges::copy(from.subspan((is_sideways ? image.width() - 1 - x : x) * 3, 3),
                        made.row(y).subspan(x * 3, 3).begin());
    }
  }
  return made;
}

TEST(Process, AvifsAreTurnedUprightAsTheirBoxesSay) {
  const ProcessSettings settings = sized(ResizeMode::no, 256);
  const std::string plain = make_turned_avif(0, std::nullopt);
  Image turned = pixels_of(*processed(plain, settings), plain);
  for (std::uint8_t quarters = 0; quarters < 4; ++quarters) {
    for (const std::optional<std::uint8_t> mirror : {std::optional<std::uint8_t>(), {0}, {1}}) {
      const auto sample = processed(make_turned_avif(quarters, mirror), settings);
      ASSERT_TRUE(sample) << sample.error().detail;
      std::optional<Image> flipped;
      if (mirror) flipped = mirrored(turned, *mirror == 1);
      const Image& want = flipped ? *flipped : turned;
      const Image got = pixels_of(*sample, "");
      ASSERT_EQ(got.width(), want.width());
      EXPECT_TRUE(std::ranges::equal(got.pixels(), want.pixels()))
          << int{quarters} << " quarters, mirror " << (mirror ? int{*mirror} : -1);
    }
    turned = quarter_turned(turned);
  }
}

TEST(Process, TurnedPicturesAreNotKeptAndUnturnedOnesAre) {
  ProcessSettings settings = sized(ResizeMode::no, 256, ImageFormat::jpeg);
  settings.reencode = Reencode::if_changed;
  EXPECT_TRUE(processed(turned_jpeg(1), settings)->is_original);
  EXPECT_FALSE(processed(turned_jpeg(6), settings)->is_original);
  settings.transform.orientation = OrientationMode::ignore;
  EXPECT_TRUE(processed(turned_jpeg(6), settings)->is_original);
}

TEST(Process, ModesApplyToTheUprightPicture) {
  const auto sample = processed(turned_jpeg(6), sized(ResizeMode::keep_ratio, 24));
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->width, 24u);
  EXPECT_EQ(sample->height, 32u);
}

TEST(Process, NoMetadataOfTheBodyReachesTheSample) {
  std::string file = turned_jpeg(1);
  file.insert(2, segment(0xFE, "canary in a comment"));
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp}) {
    const auto sample = processed(file + "canary behind the end", sized(ResizeMode::no, 1, format));
    ASSERT_TRUE(sample) << sample.error().detail;
    EXPECT_EQ(sample->bytes.text().find("canary"), std::string_view::npos);
    EXPECT_EQ(sample->bytes.text().find("Exif"), std::string_view::npos);
  }
}

// ---- limits

TEST(Process, TiffIsKeptAsServedButNotDecoded) {
  const Sample tiff = sample("tiff_little");
  EXPECT_EQ(code_of(processed(tiff.bytes, {})), ErrorCode::unsupported_format);
  const auto kept = processed(tiff.bytes, {.reencode = Reencode::never});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->format, ImageFormat::tiff);
  EXPECT_EQ(kept->width, tiff.width);
}

TEST(Process, ResizedPictureIsHeldAgainstTheLimits) {
  ProcessSettings settings = sized(ResizeMode::keep_ratio, 60'000);
  const auto result = processed(picture("png_rgb").bytes, settings);
  EXPECT_EQ(code_of(result), ErrorCode::too_many_pixels);
  EXPECT_EQ(result.error().detail,
            "resized: 80000 x 60000 is 4800 million pixels; 50 million allowed (--max_pixels)");
}

TEST(Process, ALineIsNotEnlargedToAMillionRows) {
  for (const ResizeMode mode : {ResizeMode::keep_ratio, ResizeMode::center_crop}) {
    const auto result = processed(png_bomb(1, 5000), sized(mode, 256));
    EXPECT_EQ(code_of(result), ErrorCode::too_many_pixels);
    EXPECT_EQ(result.error().detail,
              "resized: 256 x 1280000 is 327.68 million pixels; 50 million allowed (--max_pixels)");
  }
}

TEST(Process, DecodingHasADeadlineOfProcessorTime) {
  for (const char* name : {"jpeg_ycbcr", "jpeg_progressive", "png_rgb", "gif_still"}) {
    ProcessSettings settings{.limits = {.max_cpu_time = Duration(0)}};
    settings.encode.format = ImageFormat::webp;
    EXPECT_EQ(code_of(processed(picture(name).bytes, settings)), ErrorCode::decode_deadline)
        << name;
  }
}

// ---- bombs

/// Forgets the highest memory so far: proc(5), clear_refs.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

long peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    long kilobytes = 0;
    status >> kilobytes;
    return kilobytes;
  }
  return 0;
}

struct Bomb {
  const char* name;
  std::string bytes;
  ErrorCode code;
};

TEST(Process, BombsAreRefusedWithinAMebibyte) {
  const std::vector<Bomb> bombs = {
      {"png 10,000²", png_bomb(10'000, 10'000), ErrorCode::too_many_pixels},
      {"png 30,000²", png_bomb(30'000, 30'000), ErrorCode::too_many_pixels},
      {"png 12,000², 16 bits", png_16_bit_bomb(12'000), ErrorCode::too_many_pixels},
      {"jpeg 8192², 1000 scans", jpeg_scan_bomb(8192, 1000), ErrorCode::too_complex},
      {"jpeg 1024², 101 scans", jpeg_scan_bomb(1024, 100), ErrorCode::too_complex},
      {"gif 20,000², 1000 frames", gif_bomb(20'000, 1000), ErrorCode::too_many_pixels},
  };
  ASSERT_TRUE(processed(picture("jpeg_ycbcr").bytes, {}));  // loads what is loaded once
  for (const Bomb& bomb : bombs) {
    reset_peak();
    const long before = peak_kilobytes();
    const auto result = processed(bomb.bytes, {});
    EXPECT_EQ(code_of(result), bomb.code) << bomb.name;
    EXPECT_LE(peak_kilobytes() - before, 1024) << bomb.name;
  }
}

// The bombs are no bombs because something else is wrong with them.
TEST(Process, SmallBombsOfTheSameMakeAreDecoded) {
  for (const std::string& file :
       {png_bomb(64, 64), png_16_bit_bomb(64), jpeg_scan_bomb(64, 50), gif_bomb(64, 50)}) {
    const auto sample = processed(file, sized(ResizeMode::no, 1));
    ASSERT_TRUE(sample) << sample.error().detail;
    EXPECT_EQ(sample->width, 64u);
  }
}

TEST(WorkingSet, GrowsWithThePictureAndWithWhatItBecomes) {
  const ProcessSettings settings = sized(ResizeMode::border, 256, ImageFormat::jpeg);
  const auto small = working_set_bytes({100, 100}, settings, ImageFormat::jpeg);
  const auto large = working_set_bytes({5000, 5000}, settings, ImageFormat::jpeg);
  EXPECT_GE(large - small, 25'000'000u * 3 - 10'000u * 11);
  EXPECT_GT(working_set_bytes({100, 100}, sized(ResizeMode::border, 2560), ImageFormat::jpeg),
            small + 2560u * 2560 * 6);
  EXPECT_GE(working_set_bytes({5000, 5000}, settings), large);
  EXPECT_EQ(working_set_bytes({5000, 5000}, {.reencode = Reencode::never}), 0u);
}

TEST(WorkingSet, IsLessWhereTheHeaderSaysThatCoefficientsAreNotHeld) {
  const ProcessSettings settings = sized(ResizeMode::border, 256, ImageFormat::jpeg);
  const Dimensions size{1600, 1200};
  const auto bytes_of = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  const std::string baseline = make_jpeg(1600, 1200, Coding::baseline, 0);
  const std::string progressive = make_jpeg(1600, 1200, Coding::progressive, 0);
  const auto most = working_set_bytes(size, settings, ImageFormat::jpeg);
  const auto one_scan = working_set_bytes(bytes_of(baseline), size, settings, ImageFormat::jpeg);
  const auto many_scans =
      working_set_bytes(bytes_of(progressive), size, settings, ImageFormat::jpeg);
  EXPECT_LT(one_scan, most * 2 / 3);
  EXPECT_LE(many_scans, most);
  EXPECT_EQ(working_set_bytes(bytes_of("no JPEG"), size, settings, ImageFormat::jpeg), most);
  EXPECT_LT(decoding_bytes(bytes_of(baseline), size, ImageFormat::jpeg) * 3 / 2,
            decoding_bytes(bytes_of(progressive), size, ImageFormat::jpeg));
}

}  // namespace
}  // namespace pixhaul::image
