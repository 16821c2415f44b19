#include "cli/command.h"

#include <gmock/gmock.h>

#include "cli/fake_engine.h"

namespace pixhaul::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Runs command lines against the scripted engine and keeps what they print.
class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    fake_engine() = {};
    fake_engine().download = [this](const Options& options, Observer& observer,
                                    std::stop_token) -> Result<Summary> {
      seen_ = options;
      observer.on_notice("a notice");
      return summary_;
    };
    fake_engine().plan = [](const Options&) -> Result<Plan> { return Plan{.rows = 3, .hosts = 2}; };
    summary_.rows = summary_.images = 2;
    summary_.output_folder = "images";
  }

  int run(std::vector<std::string> arguments, const Environment& environment = {}) {
    std::FILE* out = std::tmpfile();
    std::FILE* error = std::tmpfile();
    const int code = run_command(arguments, environment, {.out = out, .error = {.stream = error}});
    out_ = drained(out);
    error_ = drained(error);
    return code;
  }

  static std::string drained(std::FILE* file) {
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  }

  Options seen_;
  Summary summary_;
  std::string out_;
  std::string error_;
};

TEST_F(CommandTest, ARunPrintsNothingOnStandardOutput) {
  EXPECT_EQ(run({"urls.txt", "-o", "out"}), 0);
  EXPECT_EQ(seen_.output_folder, "out");
  EXPECT_EQ(out_, "");
  EXPECT_EQ(error_, "pixhaul: a notice\n2 of 2 images in images/ (0 B, 0.00 s).\n");
}

TEST_F(CommandTest, QuietSuccessIsSilentAndQuietFailureIsNot) {
  EXPECT_EQ(run({"urls.txt", "-q"}), 0);
  EXPECT_EQ(error_, "");
  summary_.failed = 1;
  EXPECT_EQ(run({"urls.txt", "-q"}), 1);
  EXPECT_THAT(error_, HasSubstr("1 failed"));
}

TEST_F(CommandTest, ErrorsAreOneLineWithTheirExitCode) {
  fake_engine().download = [](const Options&, Observer&, std::stop_token) -> Result<Summary> {
    return std::unexpected(Error{ErrorCode::output_unwritable, ENOSPC, "no room for a.jsonl"});
  };
  EXPECT_EQ(run({"urls.txt"}), 4);
  EXPECT_EQ(error_, "pixhaul: no room for a.jsonl\n");
}

TEST_F(CommandTest, UsageErrorsExitWithTwo) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"--nonsense"}), 2);
  EXPECT_EQ(run({"-o", "out"}), 2);
  EXPECT_THAT(error_, HasSubstr("no list given"));
  EXPECT_EQ(run({"u.txt", "--file_names", "key", "--output_format", "dummy"}), 2);
  EXPECT_THAT(error_, HasSubstr("--file_names has no effect"));
  EXPECT_EQ(run({"explain", "nonsense"}), 2);
}

TEST_F(CommandTest, AVariableMayBeWithoutEffect) {
  EXPECT_EQ(run({"u.txt", "--output_format", "dummy"}, {{"PIXHAUL_FILE_NAMES", "key"}}), 0);
  EXPECT_EQ(seen_.file_names, FileNames::key);
}

TEST_F(CommandTest, DryRunOnlyPlans) {
  fake_engine().download = nullptr;
  EXPECT_EQ(run({"u.txt", "--dry-run"}), 0);
  EXPECT_THAT(out_, HasSubstr("dry-run: 3 rows on 2 hosts"));
}

TEST_F(CommandTest, PagesGoToStandardOutput) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out_, "pixhaul 1.2.3\n  OpenSSL 3.0.1\n  nghttp2 1.52.0\n");
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("usage:"));
  EXPECT_EQ(run({"explain", "truncated"}), 0);
  EXPECT_THAT(out_, HasSubstr("truncated: cut off before its end"));
  EXPECT_EQ(run({"completion", "bash"}), 0);
  EXPECT_EQ(run({"man"}), 0);
  EXPECT_EQ(run({"u.txt", "--print_config"}), 0);
  EXPECT_THAT(out_, testing::ContainsRegex("url_list +u.txt +flag"));
}

TEST_F(CommandTest, CompareRunsTwoRoundsAgainstPublicHostsUnlessTold) {
  std::uint32_t rounds = 0;
  fake_engine().plan_compare = [](const CompareOptions& options) -> Result<ComparePlan> {
    return ComparePlan{.requests = 240u * options.rounds, .hosts = 1, .public_hosts = true};
  };
  fake_engine().compare = [&](const CompareOptions& options, const auto&) -> Result<CompareResult> {
    rounds = options.rounds;
    return CompareResult{.cells = {{.images = 20, .seconds = {0.2, 0.1}}}};
  };
  EXPECT_EQ(run({"compare", "u.txt"}), 0);
  EXPECT_EQ(rounds, 2u);
  EXPECT_THAT(error_, HasSubstr("480 requests to 1 host"));
  EXPECT_THAT(error_, HasSubstr("2 rounds only"));
  EXPECT_THAT(out_, HasSubstr("20 images at once"));
  EXPECT_EQ(run({"compare", "u.txt", "--rounds", "5"}), 0);
  EXPECT_EQ(rounds, 5u);
  EXPECT_THAT(error_, Not(HasSubstr("2 rounds only")));
}

TEST_F(CommandTest, CompareWritesItsFiles) {
  fake_engine().plan_compare = [](const CompareOptions&) -> Result<ComparePlan> {
    return ComparePlan{};
  };
  fake_engine().compare = [](const CompareOptions&, const auto&) -> Result<CompareResult> {
    return CompareResult{.cells = {{.images = 20, .seconds = {0.2, 0.1}}}};
  };
  const std::string json = testing::TempDir() + "compare.json";
  EXPECT_EQ(run({"compare", "u.txt", "--json", json}), 0);
  std::FILE* file = std::fopen(json.c_str(), "r");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(std::fgetc(file), '{');
  std::fclose(file);
  std::remove(json.c_str());
  EXPECT_EQ(run({"compare", "u.txt", "--plot", "/nowhere/f.svg"}), 4);
}

TEST(StandardConsole, ColumnsAndColourFollowTheEnvironment) {
  EXPECT_EQ(standard_console({{"COLUMNS", "132"}}).error.columns, 132u);
  EXPECT_FALSE(standard_console({{"TERM", "dumb"}}).error.is_interactive);
  EXPECT_FALSE(standard_console({{"TERM", "xterm"}, {"NO_COLOR", "1"}}).error.has_colour);
}

TEST_F(CommandTest, DoctorShowsWhatItFoundAndFailsOnlyWhenSomethingHasToChange) {
  std::vector<Finding> findings = {
      {.subject = "clock", .found = "fine"},
      {Verdict::notice, "disk", "9 MB/s in /mnt/\x1b[2J", "another disk"}};
  fake_engine().examine = [&](const Options& options) -> Result<std::vector<Finding>> {
    seen_ = options;
    return findings;
  };
  EXPECT_EQ(run({"doctor", "out", "--dns_servers", "192.0.2.1"}, {{"PIXHAUL_MEMORY", "512MiB"}}),
            0);
  EXPECT_EQ(seen_.output_folder, "out");
  EXPECT_THAT(seen_.dns_servers, testing::ElementsAre("192.0.2.1"));
  EXPECT_EQ(seen_.memory, 512u << 20);
  EXPECT_EQ(out_,
            "ok      clock         fine\n"
            "note    disk          9 MB/s in /mnt/\\x1b[2J\n"
            "                      -> another disk\n"
            "nothing has to be changed\n");
  findings.front() = {Verdict::bad, "clock", "1970", "set it"};
  EXPECT_EQ(run({"doctor"}), 1);
  EXPECT_THAT(out_, HasSubstr("change  clock         1970\n"));
  EXPECT_THAT(out_, HasSubstr("1 thing to change\n"));
  EXPECT_EQ(run({"doctor", "a", "b"}), 2);
}

}  // namespace
}  // namespace pixhaul::cli
