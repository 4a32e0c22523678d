#pragma once
// regent sweep

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::strategies {

void add_sweep_flags(CLI::App& app, std::function<int()>& body);

}  // namespace regent::strategies
