#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"

extern char** environ;

namespace {

pixhaul::cli::Environment process_environment() {
  pixhaul::cli::Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto environment = process_environment();
    return pixhaul::cli::run_command(arguments, environment,
                                     pixhaul::cli::standard_console(environment));
  } catch (const std::exception& failure) {  // out of memory, or a defect
    std::fprintf(stderr, "pixhaul: %s\n", failure.what());
    return 70;
  }
}
