#pragma once
// Names the verb or flag that a command does not know, where CLI11 would only say what it misses.

#include <CLI/CLI.hpp>

namespace regent {

// argv: as the program got it. Throws CLI::ParseError, with the nearest name that there is, for a first word
// that is no subcommand of an `app` that needs one, and for a flag that neither `app` nor its subcommand has.
void refuse_mistyped(const CLI::App& app, int argc, char** argv);

}  // namespace regent
