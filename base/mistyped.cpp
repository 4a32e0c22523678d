#include "hmm/commands/mistyped.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/suggest.hpp"

namespace regent::hmm {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw CLI::ParseError(what, CLI::ExitCodes::ExtrasError);
}

std::vector<std::string> flags_of(const CLI::App& verb) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : verb.get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

const CLI::App* verb_named(const CLI::App& app, const std::string& word) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_name() == word) return verb;
    verbs.push_back(verb->get_name());
  }
  std::string list;
  for (const auto& verb : verbs) list += (list.empty() ? "" : ", ") + verb;
  refuse("there is no \"" + word + "\"" + suggestion(word, verbs) + " (possible: " + list + ")");
}

}  // namespace

void refuse_mistyped(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const CLI::App* verb = verb_named(app, argv[1]);
  const auto flags = flags_of(*verb);
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;  // what follows are names of files
    if (!word.starts_with("--")) continue;
    const std::string flag(word.substr(0, word.find('=')));
    if (std::ranges::find(flags, flag) != flags.end()) continue;
    refuse(verb->get_name() + " has no " + flag + suggestion(flag, flags));
  }
}

}  // namespace regent::hmm
