#pragma once
// regent hmm describe | convert

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::hmm {

void add_describe_command(CLI::App& app, std::function<int()>& body);
void add_convert_command(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
