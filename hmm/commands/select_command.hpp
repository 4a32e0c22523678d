#pragma once
// regent hmm select

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::hmm {

void add_select_command(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
