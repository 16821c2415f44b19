// Combinations in which an option the user set would do nothing, or against another. Each rule is a
// line of the table: when it applies and the sentence it earns. Only options that were given are
// judged, never defaults.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

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

struct Rule {
  const char* option;   ///< judged when this was given ...
  const char* because;  ///< ... and this too; "" when its value alone, default or not, decides
  bool (*applies)(const Options&);
  const char* sentence;
};

constexpr Rule kRules[] = {
    {"file_names", "", [](const Options& o) { return o.output_format == OutputFormat::dummy; },
     "--file_names has no effect with --output_format dummy, which writes no images"},
    {"proxy_dns", "", [](const Options& o) { return !uses_proxy(o); },
     "--proxy_dns has no effect without --proxy"},
    {"ca_file", "", [](const Options& o) { return o.insecure; },
     "--ca_file has no effect with --insecure, which accepts any certificate"},
    {"contact", "", [](const Options& o) { return !o.user_agent.empty() && !o.contact.empty(); },
     "--contact has no effect with --user_agent: write it into the user agent yourself"},
    {"max_pixels", "", [](const Options& o) { return o.validate != Validate::decode; },
     "--max_pixels has no effect without --validate decode: nothing is decoded"},
    {"body", "",
     [](const Options& o) { return o.body == BodyMode::stream && o.validate == Validate::decode; },
     "--body stream contradicts --validate decode, which needs the whole image in memory"},
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
