#pragma once
// regent backtest

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::strategies {

void add_backtest_flags(CLI::App& app, std::function<int()>& body);

}  // namespace regent::strategies
