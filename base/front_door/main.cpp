// The front door: `regent train …` runs the program regent-train beside it. It links nothing of what the
// commands link, so that it starts at once.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/config/suggest.hpp"
#include "base/front_door/commands.hpp"
#include "base/version.hpp"

namespace {

constexpr int exit_failure = 1, exit_usage = 2;

// The folder of this program, whatever link or PATH entry it was started through.
std::string own_folder() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0 || static_cast<std::size_t>(size) == path.size()) return "";
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/'));
}

std::string program_of(const std::string& folder, std::string_view command) {
  return folder + "/regent-" + std::string(command);
}

bool is_built(const std::string& folder, std::string_view command) {
  return ::access(program_of(folder, command).c_str(), X_OK) == 0;
}

bool is_known(std::string_view name) {
  return std::any_of(regent::commands.begin(), regent::commands.end(),
                     [&](const regent::Command& command) { return command.name == name; });
}

// Never a path: `regent ../x` must not run anything outside the folder.
bool is_command_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '-';
  });
}

std::string help_text(const std::string& folder) {
  std::string text =
      "regent - regime detection, policy training and gated execution for systematic trading\n\n"
      "Usage: regent COMMAND [OPTION...]      regent COMMAND --help\n";
  std::string missing;
  std::string_view group;
  for (const regent::Command& command : regent::commands) {
    if (!is_built(folder, command.name)) {
      missing += (missing.empty() ? "" : ", ") + std::string(command.name);
      continue;
    }
    if (command.group != group) text += "\n" + std::string(command.group) + ":\n";
    group = command.group;
    text += "  " + std::string(command.name) + std::string(12 - command.name.size(), ' ') +
            std::string(command.help) + "\n";
  }
  if (!missing.empty()) text += "\nNot built here (no regent-NAME in " + folder + "):\n  " + missing + "\n";
  return text + "\nOptions:\n  --help     this list\n  --version  version of this build\n";
}

int complain(const std::string& message, int exit_code) {
  std::fprintf(stderr, "regent: %s\n", message.c_str());
  return exit_code;
}

int unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const regent::Command& command : regent::commands) names.emplace_back(command.name);
  return complain(
      "unknown command '" + name + "'" + regent::suggestion(name, names) + "\nTry 'regent --help'.",
      exit_usage);
}

// LibTorch's OpenMP threads wait for each other in a busy loop, which on a machine with other work takes the
// cores from the thread that they wait for. libgomp reads this when it is loaded, so it has to be set before.
void wait_politely() {
  if (::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", 0);
}

int run(const std::string& folder, const std::string& name, char** arguments) {
  if (!is_command_name(name)) return unknown(name);
  wait_politely();
  std::string program = program_of(folder, name);
  arguments[0] = program.data();
  ::execv(program.c_str(), arguments);
  const int error = errno;
  if (error != ENOENT) return complain(program + " cannot be run: " + std::strerror(error), exit_failure);
  if (!is_known(name)) return unknown(name);
  return complain("the program of '" + name + "' was not built: there is no " + program +
                      "\nBuild it with 'cmake --build' (train, serve and decide need -DREGENT_TORCH=ON).",
                  exit_failure);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = own_folder();
  if (folder.empty()) return complain("cannot find its own folder through /proc/self/exe", exit_failure);
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--version") {
    std::printf("regent %s\n", regent::version());
    return 0;
  }
  const bool wants_help = first == "--help" || first == "-h" || first == "help";
  if (first.empty() || (wants_help && argc == 2)) {
    std::fputs(help_text(folder).c_str(), first.empty() ? stderr : stdout);
    return first.empty() ? exit_usage : 0;
  }
  if (first == "help") {  // `regent help train`
    std::string flag = "--help";
    char* arguments[] = {argv[0], flag.data(), nullptr};
    return run(folder, argv[2], arguments);
  }
  if (first.front() == '-')
    return complain("unknown option '" + first + "'\nTry 'regent --help'.", exit_usage);
  return run(folder, first, argv + 1);
}
