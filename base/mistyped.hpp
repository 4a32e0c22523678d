#pragma once
// Names the verb or flag that no verb knows, where CLI11 would only say what it misses.

#include <CLI/CLI.hpp>

namespace regent::hmm {

// argv: as the program got it. Throws CLI::ParseError for a first word that is no subcommand of `app`, and
// for a flag that its subcommand does not have, with the nearest one that there is.
void refuse_mistyped(const CLI::App& app, int argc, char** argv);

}  // namespace regent::hmm
