#pragma once
// The programs beside this one and the wheels that they load.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/doctor/finding.hpp"

namespace regent::doctor {

// The folder of the running program.
std::filesystem::path own_folder();

// Starts each program with --version: it must find its shared libraries and be of this version.
Findings look_at_programs(const std::filesystem::path& folder);

// The folder that LibTorch and Arrow were found in when this was built.
std::filesystem::path site_packages();
Findings look_at_wheels(const std::filesystem::path& site_packages, bool gpu_wanted);

// "13.0" of torch/version.py's `cuda: Optional[str] = '13.0'`; empty for None or when it does not stand
// there.
std::string version_field(std::string_view version_py, std::string_view field);

// Runs `regent-data check` beside this program.
Findings look_at_data(const std::filesystem::path& folder, const std::vector<std::string>& files);

}  // namespace regent::doctor
