// regent doctor: looks at everything that Regent stands on and says what is wrong and what to do.

#include <cstdio>
#include <iterator>
#include <optional>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/doctor/gpu.hpp"
#include "base/doctor/machine.hpp"
#include "base/doctor/programs.hpp"
#include "base/doctor/settings.hpp"
#include "base/error.hpp"

namespace {

using namespace regent::doctor;

struct Options {
  regent::CommonFlags common;
  std::vector<std::string> data;
  std::string runs = "runs";
  bool json = false;
};

void append(Findings& findings, Findings more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::optional<regent::Config> look_at_config(const regent::CommonFlags& common, Findings& findings) {
  try {
    regent::Config config = regent::load_config(common);
    append(findings, describe_config(config));
    return config;
  } catch (const regent::InputError& error) {
    findings.push_back(
        {Status::fail, "configuration", "values", error.what(),
         "mend it; 'regent config explain' shows every key, 'regent config check FILE' one file"});
    return std::nullopt;
  }
}

std::string cuda_of_torch() {
  try {
    return version_field(regent::read_file(site_packages() / "torch/version.py", std::size_t{1} << 16),
                         "cuda");
  } catch (const regent::InputError&) {
    return "";  // look_at_wheels says so
  }
}

Findings examine(const Options& options) {
  Findings findings = look_at_machine(options.runs), settings;
  const std::optional<regent::Config> config = look_at_config(options.common, settings);
  const std::string device = config ? config->text("runtime.device") : "auto";
  const GpuReading gpus = read_gpus();
  append(findings, judge_gpus(gpus, device, cuda_of_torch()));
  append(findings, look_at_wheels(site_packages(), !gpus.gpus.empty() && device != "cpu"));
  append(findings, look_at_programs(own_folder()));
  append(findings, std::move(settings));
  if (config) append(findings, look_at_endpoints(*config));
  if (!options.data.empty()) append(findings, look_at_data(own_folder(), options.data));
  return findings;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Looks at machine, GPU, libraries, programs, configuration, addresses and data.\n"
      "Ends with 1 when something has failed.");
  Options options;
  app.add_option("--data", options.data, "Market data to check with 'regent data check'")
      ->type_name("FILE...");
  app.add_option("--runs", options.runs, "Where runs are written")->type_name("DIR")->capture_default_str();
  app.add_flag("--json", options.json, "As JSON");
  regent::add_common_flags(app, options.common);
  return regent::run_command(app, argc, argv, [&] {
    const Findings findings = examine(options);
    std::fputs((options.json ? as_json(findings) + "\n" : as_table(findings)).c_str(), stdout);
    return has_failure(findings) ? regent::exit_failure : 0;
  });
}
