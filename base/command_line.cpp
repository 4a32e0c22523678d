#include "base/command_line.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "base/error.hpp"
#include "base/mistyped.hpp"
#include "base/trimmed.hpp"
#include "base/version.hpp"

namespace regent {
namespace {

// "regent-train" is run as "regent train".
std::string command_name(const CLI::App& app, const char* program) {
  std::string name =
      app.get_name().empty() ? std::filesystem::path(program).filename().string() : app.get_name();
  if (name.rfind("regent-", 0) == 0) name[6] = ' ';
  return name;
}

int complain(const std::string& command, const std::string& message, int exit_code) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", command.c_str(), message.c_str());
  return exit_code;
}

int parse(CLI::App& app, int argc, char** argv, const std::string& command, bool& run) {
  try {
    refuse_mistyped(app, argc, argv);
    app.parse(argc, argv);
    run = true;
    return 0;
  } catch (const CLI::CallForVersion& version_text) {
    std::printf("%s\n", version_text.what());  // CLI11 2.1 leaves the line open
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help
  } catch (const CLI::ParseError& error) {
    return complain(command, std::string(error.what()) + "\nTry '" + command + " --help'.", exit_input);
  }
}

// A range of CLI11 lets NaN pass: it is neither below nor above.
void check_numbers(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_type_name().find("FLOAT") == std::string::npos) continue;
    for (const std::string& text : option->results()) {
      if (std::isnan(std::strtod(text.c_str(), nullptr)))
        throw InputError(option->get_name() + " " + text + ": a number is needed");
    }
  }
  for (const CLI::App* command : app.get_subcommands()) check_numbers(*command);
}

// A full disk cuts standard output off without a word, and a program would read half of it as all.
int said_all(int exit_code) {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error("what was said could not all be written to standard output");
  return exit_code;
}

struct NamedFile {
  std::string flag, file;
  bool written;
};

void collect_files(const CLI::App& app, std::vector<NamedFile>& files) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    const bool written = type == written_table || type == written_model || type == written_metrics;
    if (!written && type.find("FILE") == std::string::npos) continue;
    for (const std::string& file : option->results()) {
      if (!file.empty()) files.push_back({option->get_name(), file, written});
    }
  }
  for (const CLI::App* command : app.get_subcommands()) collect_files(*command, files);
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (std::filesystem::exists(a, error) && std::filesystem::exists(b, error))
    return std::filesystem::equivalent(a, b, error);
  return std::filesystem::absolute(a, error).lexically_normal() ==
         std::filesystem::absolute(b, error).lexically_normal();
}

// Of the flags of this run.
std::vector<NamedFile>& named_files() {
  static std::vector<NamedFile> files;
  return files;
}

void check_written_files(const CLI::App& app) {
  std::vector<NamedFile>& files = named_files();
  files.clear();
  collect_files(app, files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t j = 0; j < files.size() && files[i].written; ++j) {
      if (i != j) refuse_same_file(files[i].flag, files[i].file, files[j].flag, files[j].file);
    }
  }
}

}  // namespace

void refuse_same_file(const std::string& out_flag, const std::string& out, const std::string& flag,
                      const std::string& file) {
  if (out.empty() || file.empty() || !is_same_file(out, file)) return;
  throw InputError(out_flag + " " + out + ": " + flag +
                   " names the same file, which would be lost; write to another");
}

void refuse_written(const std::string& what, const std::string& file) {
  for (const NamedFile& one : named_files()) {
    if (one.written) refuse_same_file(one.flag, one.file, what, file);
  }
}

void add_common_flags(CLI::App& app, CommonFlags& flags) {
  app.add_option("--config", flags.config_file, "Configuration file (default: ./regent.toml when it exists)")
      ->type_name("FILE");
  app.add_option("--set", flags.settings, "One configuration value, stronger than files and environment")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
}

Config load_config(const CommonFlags& flags, const std::map<std::string, std::string>& extra) {
  ConfigSources sources;
  sources.file = flags.config_file;
  for (const std::string& setting : flags.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw InputError("--set '" + setting + "': expected key=value, for example --set runtime.seed=7");
    }
    sources.flags[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  for (const auto& [key, value] : extra) sources.flags[key] = value;
  return Config::load(sources);
}

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream in(list);
  for (std::string name; std::getline(in, name, ',');) {
    if (const auto one = trimmed(name); !one.empty()) names.emplace_back(one);
  }
  return names;
}

void refuse_unless(bool given, bool fits, const std::string& flag, const std::string& what) {
  if (given && !fits) throw InputError(flag + " is for " + what);
}

int run_command(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  const std::string command = command_name(app, argc > 0 ? argv[0] : "regent");
  app.name(command);  // what --help shows is what people type
  if (app.get_version_ptr() == nullptr && app.get_option_no_throw("--version") == nullptr) {
    app.set_version_flag("--version", command + " " + version());
  }
  bool run = false;
  const int parsed = parse(app, argc, argv, command, run);
  if (!run) return parsed;
  try {
    check_numbers(app);
    check_written_files(app);
    return said_all(body());
  } catch (const InputError& error) {
    return complain(command, error.what(), exit_input);
  } catch (const std::exception& error) {
    return complain(command, error.what(), exit_failure);
  } catch (...) {
    return complain(command, "failed with an exception of an unknown kind", exit_failure);
  }
}

}  // namespace regent
