#include <gtest/gtest.h>

#include "pixhaul/img2dataset.h"

namespace pixhaul {
namespace {

using Arguments = std::vector<std::string>;

Img2datasetParameters parsed(const Arguments& arguments) {
  auto result = parse_img2dataset_arguments(arguments);
  EXPECT_TRUE(result) << result.error().detail;
  return result ? result->parameters : Img2datasetParameters();
}

std::string refusal(const Arguments& arguments) {
  auto result = parse_img2dataset_arguments(arguments);
  return result ? "" : result.error().detail;
}

TEST(Img2datasetArguments, AFlagIsWrittenInAnyOfTheWaysOfFire) {
  for (const Arguments& arguments :
       {Arguments{"--url_list=l", "--image_size=64"},
        Arguments{"--url-list", "l", "--image-size", "64"},
        Arguments{"-url_list", "l", "-image_size=64"}, Arguments{"l", "64"},
        Arguments{"--image_size", "64", "l"}, Arguments{"64", "--url_list=l"}}) {
    const Img2datasetParameters parameters = parsed(arguments);
    EXPECT_EQ(parameters.url_list, "l");
    EXPECT_EQ(parameters.image_size, 64);
  }
}

TEST(Img2datasetArguments, BooleansNeedNoValue) {
  EXPECT_FALSE(parsed({"l", "--noextract_exif"}).extract_exif);
  EXPECT_FALSE(parsed({"l", "--extract_exif", "False"}).extract_exif);
  EXPECT_FALSE(parsed({"l", "--extract_exif=False"}).extract_exif);
  const Img2datasetParameters parameters = parsed({"--enable_wandb", "l", "--skip_reencode"});
  EXPECT_TRUE(parameters.enable_wandb);
  EXPECT_TRUE(parameters.skip_reencode);
  EXPECT_EQ(parameters.url_list, "l");
}

TEST(Img2datasetArguments, ListsAreWrittenAsPythonOrWithCommas) {
  using L = std::vector<std::string>;
  for (const char* text : {R"(["a","b"])", "['a', 'b']", "a,b", "[a,b]"}) {
    EXPECT_EQ(parsed({"l", "--save_additional_columns", text}).save_additional_columns,
              (L{"a", "b"}))
        << text;
  }
  EXPECT_EQ(parsed({"l", "--disallowed_header_directives", "[]"}).disallowed_header_directives,
            L());
  EXPECT_EQ(parsed({"l", "--save_additional_columns=None"}).save_additional_columns, std::nullopt);
}

TEST(Img2datasetArguments, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal({"l", "--image_sise", "3"}),
            "img2dataset has no parameter image_sise; did you mean image_size?");
  EXPECT_EQ(refusal({"l", "--output_folder"}), "--output_folder needs a value: str");
  EXPECT_EQ(refusal({"--image_size", "3"}),
            "no url_list given; `pixhaul img2dataset --help` shows the parameters");
  EXPECT_EQ(refusal(Arguments(39, "1")), "there is no parameter left for the argument '1'");
}

TEST(Img2datasetArguments, HelpIsAskedForInBothWays) {
  EXPECT_TRUE(parse_img2dataset_arguments(Arguments{"--", "--help"})->help);
  EXPECT_TRUE(parse_img2dataset_arguments(Arguments{"-h"})->help);
}

}  // namespace
}  // namespace pixhaul
