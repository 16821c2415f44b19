#include "cli/help.h"

#include <gmock/gmock.h>

#include "pixhaul/option_table.h"

namespace pixhaul::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Help, AllShowsEveryOptionAndNoLineIsTooLong) {
  const std::string text = help_text("all", 80).value();
  for (const OptionInfo& option : option_table())
    EXPECT_THAT(text, HasSubstr("--" + std::string(option.name)));
  for (const CommandFlag& flag : command_flags()) {
    const bool is_shown = text.find("--" + std::string(flag.name)) != text.npos;
    EXPECT_EQ(is_shown, !flag.help.empty()) << flag.name;
  }
  EXPECT_THAT(text, Not(HasSubstr("--remote_name")));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(Help, PlainHelpFitsOneScreen) {
  const std::string text = help_text("", 120).value();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60);
  EXPECT_THAT(text, HasSubstr("usage: pixhaul LIST"));
  EXPECT_THAT(text, HasSubstr("-o, --output_folder DIR"));
  EXPECT_THAT(text, Not(HasSubstr("--tls_timeout")));
}

TEST(Help, ATopicIsAGroupOrAnOption) {
  EXPECT_THAT(help_text("politeness", 100).value(), HasSubstr("--robots_txt"));
  EXPECT_THAT(help_text("politeness", 100).value(), Not(HasSubstr("--deadline")));
  EXPECT_THAT(help_text("deadline", 100).value(), HasSubstr("[30s]"));
  EXPECT_THAT(help_text("command", 100).value(), HasSubstr("--print_config"));
  EXPECT_EQ(help_text("nonsense", 100).error().code, ErrorCode::bad_option);
}

TEST(Help, ExplainKnowsEveryStatusAndListsThem) {
  const std::string list = explain_text("", 80).value();
  for (ErrorCode code : row_statuses()) {
    EXPECT_THAT(list, HasSubstr(std::string(name(code))));
    EXPECT_TRUE(explain_text(name(code), 80));
  }
  EXPECT_THAT(explain_text("address_denied", 200).value(), HasSubstr("--allow_net"));
  EXPECT_EQ(explain_text("nonsense", 80).error().code, ErrorCode::bad_option);
}

TEST(Help, ConfigShowsOriginsAndHidesSecrets) {
  Invocation invocation;
  invocation.options.header = {"Authorization: secret"};
  invocation.options.proxy = "http://user:secret@proxy:3128";
  invocation.options.retries = 7;
  invocation.origins = {{"retries", Origin::environment}, {"header", Origin::flag}};
  const std::string text = config_text(invocation);
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, HasSubstr("http://(not shown)@proxy:3128"));
  EXPECT_THAT(text, testing::ContainsRegex("retries +7 +environment"));
  EXPECT_THAT(text, testing::ContainsRegex("deadline +30s +default"));
}

TEST(Help, WrappedTextKeepsItsWordsAndWidth) {
  EXPECT_EQ(wrapped("one two three four five six seven", 2, 28),
            "  one two three four five\n  six seven\n");
  EXPECT_EQ(wrapped("", 2, 80), "");
}

TEST(Pages, ManAndCompletionsHoldEveryOption) {
  const std::string man = man_page();
  for (const OptionInfo& option : option_table()) {
    EXPECT_THAT(man, HasSubstr("\\-\\-" + std::string(option.name) + "\\fR"));
    for (const char* shell : {"bash", "zsh", "fish"}) {
      EXPECT_THAT(completion_script(shell).value(), HasSubstr(std::string(option.name))) << shell;
    }
  }
  EXPECT_THAT(completion_script("bash").value(),
              HasSubstr("--connection) COMPREPLY=($(compgen -W \"reuse fresh\""));
  EXPECT_EQ(completion_script("csh").error().code, ErrorCode::bad_option);
}

TEST(Pages, DocsEscapeBarsInTables) {
  EXPECT_THAT(docs_page("options").value(), HasSubstr("`reuse\\|fresh`"));
  EXPECT_THAT(docs_page("errors").value(), HasSubstr("### dns_not_found\n\nUnknown host name. "));
  EXPECT_EQ(docs_page("other").error().code, ErrorCode::bad_option);
}

TEST(Pages, EveryCommandIsInTheHelpTheManualAndTheCompletions) {
  const std::string help = help_text("", 80).value();
  for (const std::string word :
       {"compare", "img2dataset", "status", "verify", "dashboard", "report", "doctor", "explain"}) {
    EXPECT_THAT(help, HasSubstr("pixhaul " + word + " "));
    EXPECT_THAT(man_page(), HasSubstr(".B pixhaul " + word + "\n"));
    for (const char* shell : {"bash", "zsh", "fish"})
      EXPECT_THAT(completion_script(shell).value(), testing::ContainsRegex("[ '\"]" + word + " "))
          << shell;
  }
}

}  // namespace
}  // namespace pixhaul::cli
