#pragma once
// What a sweep shows of one symbol, and of the strategies that there are: tables for the terminal, and JSON.

#include <nlohmann/json.hpp>
#include <string>

#include "strategies/commands/sweep_result.hpp"

namespace regent::strategies {

std::string sweep_text(const SymbolResult& result);
nlohmann::ordered_json sweep_json(const SymbolResult& result);

std::string families_text();
nlohmann::ordered_json families_json();

}  // namespace regent::strategies
