#include "support/origin.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/builtin_scripts.h"
#include "support/dns_server.h"

// The fault-injecting origin as a program, for end-to-end tests and for trying things by hand. Its
// ports go to standard output as one line of JSON; it serves until SIGTERM, SIGINT or the end of
// its input.

namespace {

namespace rig = pixhaul::testing;

struct Arguments {
  rig::OriginSettings origin;
  std::uint16_t dns_port = 0;
  std::string ca_out;
  std::vector<std::string> dns_wildcards;
  std::uint64_t delay_ms = 0;
  bool no_http2 = false;
  bool list = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--port", arguments.origin.port, "Plain HTTP port; 0 lets the system choose");
  app.add_option("--tls_port", arguments.origin.tls_port, "TLS port");
  app.add_option("--dns_port", arguments.dns_port, "DNS port, UDP and TCP");
  app.add_option("--ca_out", arguments.ca_out, "Write the authority's certificate (PEM) here");
  app.add_option("--delay_ms", arguments.delay_ms, "Wait before every response");
  app.add_option("--ledger", arguments.origin.ledger_file, "Write what was seen here, NDJSON");
  app.add_option("--dns_wildcard", arguments.dns_wildcards,
                 "SUFFIX=ADDRESS, e.g. hosts.test=127.0.0.1");
  app.add_option("--h2_streams", arguments.origin.h2_max_concurrent_streams,
                 "Streams a connection may have open");
  app.add_flag("--no_http2", arguments.no_http2, "Offer HTTP/1.1 only");
  app.add_flag("--ipv6", arguments.origin.also_ipv6, "Listen on [::1] too");
  app.add_flag("--list", arguments.list, "List the built-in paths and exit");
}

void list_builtins() {
  for (const auto table :
       {rig::answer_builtins(), rig::h1_fault_builtins(), rig::h2_fault_builtins()}) {
    for (const rig::Builtin& builtin : table) fmt::print("{:28}{}\n", builtin.path, builtin.usage);
  }
}

// False: one of the rules is not SUFFIX=ADDRESS.
bool add_wildcards(rig::DnsServer& dns, const std::vector<std::string>& rules) {
  for (const std::string& rule : rules) {
    const auto equals = rule.find('=');
    if (equals == std::string::npos) return false;
    std::string suffix = rule.substr(0, equals);
    if (suffix.starts_with("*.")) suffix.erase(0, 2);
    dns.answer_below(suffix, rig::DnsAnswer{.addresses = {rule.substr(equals + 1)}});
  }
  return true;
}

// Until a signal, or the end of standard input.
void serve_until_told(int signal_fd) {
  while (true) {
    pollfd polled[] = {{signal_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0) continue;
    if (polled[0].revents != 0) return;
    char dropped[256];
    if (polled[1].revents != 0 && ::read(STDIN_FILENO, dropped, sizeof(dropped)) <= 0) return;
  }
}

int fail(const std::string& why) {
  fmt::print(stderr, "origin: {}\n", why);
  return 1;
}

int run(const Arguments& arguments) {
  // Blocked before any thread starts, so that every thread leaves them to the descriptor.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const pixhaul::UniqueFd signal_fd(::signalfd(-1, &signals, SFD_CLOEXEC));

  auto origin = rig::Origin::create(arguments.origin);
  if (!origin) return fail(origin.error().detail);
  auto dns = rig::DnsServer::create(arguments.dns_port);
  if (!dns) return fail(dns.error().detail);
  if (!add_wildcards(**dns, arguments.dns_wildcards)) return fail("--dns_wildcard SUFFIX=ADDRESS");
  if (!arguments.ca_out.empty()) {
    std::ofstream out(arguments.ca_out);
    out << (*origin)->ca_pem();
    out.close();
    if (!out) return fail("cannot write " + arguments.ca_out);
  }
  const rig::RefusingPort refusing;
  const rig::SilentPort silent;
  const nlohmann::json ports = {{"port", (*origin)->port()},
                                {"tls_port", (*origin)->tls_port()},
                                {"dns_port", (*dns)->port()},
                                {"refusing_port", refusing.port()},
                                {"silent_port", silent.port()}};
  fmt::print("{}\n", ports.dump());
  std::fflush(stdout);
  serve_until_told(signal_fd.get());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("pixhaul's fault-injecting origin; loopback only", "origin");
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.list) {
    list_builtins();
    return 0;
  }
  arguments.origin.delay = std::chrono::milliseconds(arguments.delay_ms);
  if (arguments.no_http2) arguments.origin.http2 = rig::Http2::off;
  return run(arguments);
}
