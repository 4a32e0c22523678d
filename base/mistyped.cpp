#include "base/mistyped.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/suggest.hpp"

namespace regent {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw CLI::ParseError(what, CLI::ExitCodes::ExtrasError);
}

void append_flags(const CLI::App& app, std::vector<std::string>& flags) {
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Nothing where a command that can do without a verb was given none.
const CLI::App* verb_named(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(app)) {
    if (verb->get_name() == word) return verb;
    names.push_back(verb->get_name());
  }
  if (app.get_require_subcommand_min() == 0) return nullptr;
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  refuse("there is no \"" + word + "\"" + suggestion(word, names) + " (possible: " + list + ")");
}

}  // namespace

void refuse_mistyped(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return;
  const CLI::App* verb = argv[1][0] == '-' ? nullptr : verb_named(app, argv[1]);
  std::vector<std::string> flags;
  append_flags(verb == nullptr ? app : *verb, flags);
  if (verb == nullptr) {
    for (const CLI::App* any : verbs_of(app)) append_flags(*any, flags);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;  // what follows are names of files
    if (!word.starts_with("--")) continue;
    const std::string flag(word.substr(0, word.find('=')));
    if (std::ranges::find(flags, flag) != flags.end()) continue;
    refuse((verb == nullptr ? "there is no " : verb->get_name() + " has no ") + flag +
           suggestion(flag, flags));
  }
}

}  // namespace regent
