#include "cli/img2dataset_command.h"

#include <gtest/gtest.h>

namespace pixhaul::cli {
namespace {

using Arguments = std::vector<std::string>;

TEST(Img2datasetCommand, HelpNamesEveryParameter) {
  EXPECT_TRUE(parse_img2dataset_command(Arguments{"--help"}, {})->help_topic);
  const std::string help = img2dataset_help(80);
  for (const Img2datasetInfo& info : img2dataset_table())
    EXPECT_NE(help.find("--" + std::string(info.name) + " "), std::string::npos) << info.name;
}

TEST(Img2datasetCommand, IsADownloadWithTheFacesOptions) {
  const auto invocation =
      parse_img2dataset_command(Arguments{"l", "64"}, {{"PIXHAUL_ALLOW_NET", "127.0.0.0/8"}});
  ASSERT_TRUE(invocation);
  EXPECT_EQ(invocation->command, Command::download);
  EXPECT_EQ(invocation->options.image_size, 64u);
  EXPECT_EQ(invocation->options.layout, Layout::img2dataset);
  EXPECT_EQ(invocation->options.allow_net, Arguments{"127.0.0.0/8"});
}

TEST(Img2datasetCommand, WhatOnlyPythonCanDoIsRefusedInASentence) {
  const auto refusal = [](const char* argument) {
    return parse_img2dataset_command(Arguments{"l", argument}, {}).error().detail;
  };
  EXPECT_TRUE(refusal("--enable_wandb").starts_with("enable_wandb needs Python"));
  EXPECT_TRUE(refusal("--distributor=ray").starts_with("distributor ray needs Python"));
  EXPECT_EQ(refusal("--distributor=x"), "Distributor x not supported");
}

}  // namespace
}  // namespace pixhaul::cli
