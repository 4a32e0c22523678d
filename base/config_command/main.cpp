// regent config explain | schema | check

#include <cstdio>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/config/explain.hpp"
#include "base/error.hpp"

namespace {

using regent::Config;

struct Options {
  regent::CommonFlags common;
  std::string name, file;
  bool json = false, changed = false;
};

int explain(const Options& options) {
  const Config config = regent::load_config(options.common);
  std::vector<const regent::KeySpec*> keys = regent::keys_named(options.name);
  if (options.changed) {
    std::erase_if(keys, [&](const auto* spec) { return config.origin(spec->key) == "default"; });
    if (keys.empty() && !options.json) {
      std::puts("Every value is its default.");
      return 0;
    }
  }
  const std::string text =
      options.json ? regent::explain_json(config, keys) + "\n" : regent::explain_text(config, keys);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int check(const Options& options) {
  const std::string toml = regent::read_file(options.file, std::size_t{1} << 20);
  const Config config = Config::from_toml(toml, options.file);
  std::size_t given = 0;
  for (const regent::KeySpec& spec : regent::config_schema())
    given += config.origin(spec.key) == "default" ? 0U : 1U;
  std::printf("%s: %zu keys, all known, of the right type and in range\n", options.file.c_str(), given);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Explains every setting, prints the schema, checks a file");
  Options options;
  app.require_subcommand(1);
  CLI::App* explain_command =
      app.add_subcommand("explain", "Each value, where it came from, its unit and meaning");
  explain_command->add_option("NAME", options.name, "A key or a section (default: everything)")
      ->type_name("KEY|SECTION");
  explain_command->add_flag("--json", options.json, "As JSON");
  explain_command->add_flag("--changed", options.changed, "Only what is not its default");
  regent::add_common_flags(*explain_command, options.common);
  CLI::App* schema_command =
      app.add_subcommand("schema", "A commented configuration file with every default");
  CLI::App* check_command =
      app.add_subcommand("check", "Checks one file, without environment and other files");
  check_command->add_option("FILE", options.file, "Configuration file")->required();
  return regent::run_command(app, argc, argv, [&] {
    if (explain_command->parsed()) return explain(options);
    if (check_command->parsed()) return check(options);
    if (schema_command->parsed()) std::fputs(regent::schema_as_toml().c_str(), stdout);
    return 0;
  });
}
