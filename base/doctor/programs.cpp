#include "base/doctor/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <future>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/front_door/commands.hpp"
#include "base/subprocess.hpp"
#include "base/version.hpp"

namespace regent::doctor {
namespace {

namespace fs = std::filesystem;
constexpr int start_timeout_ms = 60'000;  // LibTorch from a cold network disk
constexpr int data_timeout_ms = 600'000;

std::string first_line(const std::string& text) {
  const std::size_t start = text.find_first_not_of(" \n\r\t");
  if (start == std::string::npos) return "";
  return text.substr(start,
                     std::min({text.find('\n', start) - start, text.size() - start, std::size_t{300}}));
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return "";
  const std::size_t newline = text.rfind('\n', end);
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(start, std::min(end + 1 - start, std::size_t{300}));
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Finding start_program(const fs::path& folder, const std::string& name) {
  Finding finding{Status::ok, "programs", name, "", ""};
  const fs::path program = folder / name;
  try {
    const ProcessResult result = run_process({program.string(), "--version"}, start_timeout_ms);
    finding.found = first_line(result.exit_code == 0 ? result.standard_output : result.standard_error);
    if (result.timed_out)
      finding.found = "did not start within " + std::to_string(start_timeout_ms / 1000) + " s";
    if (result.timed_out || result.exit_code != 0) {
      finding.status = Status::fail;
      finding.advice = "run scripts/setup and build again: it must start before it can be of use";
      if (finding.found.empty()) finding.found = "ended with exit code " + std::to_string(result.exit_code);
    } else if (!ends_with(finding.found, std::string(" ") + version())) {
      finding.status = Status::warn;
      finding.advice =
          "this doctor is of version " + std::string(version()) + ": build all programs together";
    }
  } catch (const Error& error) {
    finding.status = Status::fail;
    finding.found = error.what();
    finding.advice = "build it again";
  }
  return finding;
}

Finding missing_wheel(const std::string& name, const fs::path& where, const std::string& consequence) {
  return {Status::fail, "libraries", name, "not in " + where.string(), "run scripts/setup: " + consequence};
}

Finding look_at_torch(const fs::path& site) {
  const fs::path library = site / "torch/lib/libtorch_cpu.so";
  std::error_code error;
  if (!fs::exists(library, error)) return missing_wheel("torch", site, "train, serve and decide need it");
  std::string version_py;
  try {
    version_py = read_file(site / "torch/version.py", std::size_t{1} << 16);
  } catch (const InputError& missing) {
    return {Status::warn, "libraries", "torch", missing.what(), "run scripts/setup: the wheel is not whole"};
  }
  const std::string cuda = version_field(version_py, "cuda");
  return {Status::ok, "libraries", "torch",
          version_field(version_py, "__version__") + (cuda.empty() ? ", CPU only" : ", for CUDA " + cuda),
          ""};
}

// What libtorch_cuda.so does not find shows only when it is loaded, in the middle of a start.
Finding look_at_torch_on_gpu(const fs::path& site) {
  const fs::path library = site / "torch/lib/libtorch_cuda.so";
  std::error_code error;
  if (!fs::exists(library, error)) {
    return {Status::warn, "libraries", "torch on gpu", "the wheel has no CUDA part",
            "install the pinned wheel with scripts/setup"};
  }
  try {
    const std::string libraries = run_process({"ldd", library.string()}, start_timeout_ms).standard_output;
    const std::size_t missing = libraries.find(" => not found");
    if (missing == std::string::npos)
      return {Status::ok, "libraries", "torch on gpu", "finds all its libraries", ""};
    const std::size_t start = libraries.find_last_of("\n\t ", missing - 1) + 1;
    return {Status::fail, "libraries", "torch on gpu",
            libraries.substr(start, missing - start) + " is missing",
            "run scripts/setup: with a driver present it installs LibTorch's CUDA libraries"};
  } catch (const Error& failed) {
    return {Status::warn, "libraries", "torch on gpu", failed.what(),
            "install ldd (package libc-bin) to have this checked"};
  }
}

Finding look_at_arrow(const fs::path& site) {
  std::error_code error;
  std::string found;
  for (const fs::directory_entry& entry : fs::directory_iterator(site / "pyarrow", error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("libarrow.so.", 0) == 0 || name.rfind("libparquet.so.", 0) == 0)
      found += (found.empty() ? "" : ", ") + name;
  }
  if (found.find("libarrow") == std::string::npos || found.find("libparquet") == std::string::npos) {
    return missing_wheel("pyarrow", site, "reading and writing market data needs it");
  }
  return {Status::ok, "libraries", "pyarrow", found, ""};
}

Finding look_at_matplotlib(const fs::path& site) {
  std::error_code error;
  if (fs::exists(site / "matplotlib/__init__.py", error))
    return {Status::ok, "libraries", "matplotlib", "present", ""};
  return {Status::warn, "libraries", "matplotlib", "not in " + site.string(),
          "run scripts/setup: reports have no pictures without it"};
}

}  // namespace

fs::path own_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Error("cannot find the folder of this program: " + error.message());
  return self.parent_path();
}

Findings look_at_programs(const fs::path& folder) {
  std::vector<std::future<Finding>> started;
  std::string missing;
  for (const Command& command : commands) {
    if (command.name == "doctor") continue;
    const std::string name = "regent-" + std::string(command.name);
    if (::access((folder / name).c_str(), X_OK) == 0) {
      started.push_back(std::async(std::launch::async, start_program, folder, name));
    } else {
      missing += (missing.empty() ? "" : ", ") + name;
    }
  }
  Findings findings;
  for (std::future<Finding>& each : started) findings.push_back(each.get());
  if (!missing.empty()) {
    findings.push_back(
        {Status::warn, "programs", "not built", missing,
         "fine when this machine does not need them; else build them into " + folder.string()});
  }
  return findings;
}

fs::path site_packages() {
  return REGENT_SITE_PACKAGES;
}

std::string version_field(std::string_view version_py, std::string_view field) {
  for (std::size_t line = 0; line < version_py.size();) {
    const std::size_t line_end = std::min(version_py.find('\n', line), version_py.size());
    const std::string_view text = version_py.substr(line, line_end - line);
    line = line_end + 1;
    const bool is_field =
        text.substr(0, field.size()) == field && text.size() > field.size() &&
        (text[field.size()] == ' ' || text[field.size()] == ':' || text[field.size()] == '=');
    if (!is_field) continue;
    const std::size_t open = text.find('\''), close = text.rfind('\'');
    return open == std::string_view::npos || close <= open
               ? ""
               : std::string(text.substr(open + 1, close - open - 1));
  }
  return "";
}

Findings look_at_wheels(const fs::path& site, bool gpu_wanted) {
  Findings findings{look_at_torch(site)};
  if (gpu_wanted && findings.front().status == Status::ok) findings.push_back(look_at_torch_on_gpu(site));
  findings.push_back(look_at_arrow(site));
  findings.push_back(look_at_matplotlib(site));
  return findings;
}

Findings look_at_data(const fs::path& folder, const std::vector<std::string>& files) {
  const fs::path program = folder / "regent-data";
  std::string names;
  for (const std::string& file : files) names += (names.empty() ? "" : ", ") + file;
  std::vector<std::string> arguments{program.string(), "check"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  try {
    const ProcessResult result = run_process(arguments, data_timeout_ms);
    if (result.exit_code == 0) return {{Status::ok, "data", names, last_line(result.standard_output), ""}};
    const std::string complaint = last_line(result.standard_error);
    return {{Status::fail, "data", names,
             result.timed_out ? "not read within " + std::to_string(data_timeout_ms / 1000) + " s"
                              : (complaint.empty() ? last_line(result.standard_output) : complaint),
             "mend the file, or choose another policy for such values: regent data check --help"}};
  } catch (const Error& error) {
    return {{Status::fail, "data", names, error.what(), "build regent-data: without it no data can be read"}};
  }
}

}  // namespace regent::doctor
