#pragma once
// regent hmm forecast | sample

#include <CLI/CLI.hpp>
#include <functional>

namespace regent::hmm {

void add_forecast_command(CLI::App& app, std::function<int()>& body);
void add_sample_command(CLI::App& app, std::function<int()>& body);

}  // namespace regent::hmm
