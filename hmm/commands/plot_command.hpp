#pragma once
// regent hmm plot

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::hmm {

void add_plot_command(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
