#pragma once
// regent hmm fit

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::hmm {

void add_fit_command(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
