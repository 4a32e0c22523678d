#include "scenario/commands/dream_check.hpp"

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "market/io/output.hpp"
#include "scenario/commands/dream_run.hpp"

namespace regent::scenario {
namespace {

namespace fs = std::filesystem;

void check_range(const char* flag, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high)
    throw InputError(std::string(flag) + " " + std::to_string(value) + ": from " + std::to_string(low) +
                     " to " + std::to_string(high) + " are possible");
}

void check_numbers(const DreamFlags& flags) {
  constexpr std::int64_t scenarios_max = 100'000'000;
  constexpr std::int64_t any =
      std::numeric_limits<std::int64_t>::max() - 1;  // CLI11 makes max of what is larger
  check_range("--scenarios", flags.scenarios, 1, scenarios_max);
  check_range("--steps", flags.steps, 1, 1 << 24);
  check_range("--seed", flags.seed, 0, any);
  check_range("--path", flags.path.value_or(0), 0, any);
  check_range("--chunk", flags.chunk.value_or(1), 1, scenarios_max);
  check_range("--cycles", flags.cycles.value_or(1), 1, any);
  seconds_of("--budget", flags.budget);
  seconds_of("--every", flags.every);
}

// Whether --out holds a dream that was begun with these flags of a fit.
bool goes_on(const DreamFlags& flags) {
  if (flags.out.empty()) return false;
  const nlohmann::json begun = json_in(fs::path(flags.out) / claim_name);
  return begun.is_object() && begun.contains("fit") && begun["fit"] == nlohmann::json(fit_flags_of(flags));
}

// What says how to fit says nothing where nothing is fitted. The command that began a dream goes on with it,
// though its law has been fitted and written since.
void check_fit(const DreamFlags& flags) {
  const auto given = fit_flags_of(flags);
  const std::string name = given.empty() ? "" : given.begin()->first;
  refuse_unless(!given.empty(), flags.source == "regimes", name, "--source regimes, whose law is fitted");
  for (const char* regimes : {"--macros", "--micros"})
    refuse_unless(given.contains(regimes), flags.bundle.empty(), regimes,
                  "a fit of regimes; those of --bundle are its own");
  if (given.empty() || flags.path || flags.calibration.empty() || !fs::exists(flags.calibration) ||
      goes_on(flags))
    return;
  throw InputError(name + " is for a fit, and --calibration " + flags.calibration +
                   " is there and is read as it is; leave " + name +
                   " out, name another file, or remove this one to fit it again");
}

void check_source(const DreamFlags& flags) {
  const bool is_law = flags.source == "regimes";
  refuse_unless(!flags.calibration.empty(), is_law, "--calibration", "--source regimes, whose law it keeps");
  refuse_unless(flags.start == "now", is_law, "--start now",
                "--source regimes, whose law knows how the data end; pieces of history begin anywhere");
  refuse_unless(flags.block > 0, flags.source == "stationary" || flags.source == "circular", "--block",
                "--source stationary or circular");
  refuse_unless(flags.stress.has_value(), flags.path.has_value(), "--stress",
                "--path N, which is shown under that stress; without --path every stress of --stresses is "
                "dreamed");
  check_fit(flags);
}

void check_cycles(const DreamFlags& flags) {
  const bool again = !flags.every.empty();
  refuse_unless(flags.cycles.has_value(), again, "--cycles", "--every, whose dreams it counts");
  refuse_unless(again, !flags.out.empty(), "--every", "--out FOLDER, which gets a folder for each dream");
  if (again && !flags.calibration.empty() && !fs::exists(flags.calibration))
    throw InputError(
        "--calibration " + flags.calibration +
        " is not there, and --every fits a law to the bars of each time; leave it out, or name a "
        "law that is there and shall be kept");
}

void check_places(const DreamFlags& flags) {
  if (!flags.path) {
    market::check_folder(flags.out);
    if (flags.every.empty()) check_claim(flags);  // else each of its folders is claimed for itself
  } else if (!flags.out.empty()) {
    if (!flags.out.ends_with(".csv") && !flags.out.ends_with(".parquet"))
      throw InputError("--out " + flags.out + ": with --path a FILE.csv or FILE.parquet is written");
    market::check_file_place(flags.out);
    for (const std::string& file : flags.bars.files) refuse_same_file("--out", flags.out, "the data", file);
    for (const std::string& file : flags.data) refuse_same_file("--out", flags.out, "--data", file);
    refuse_same_file("--out", flags.out, "--portfolio", flags.portfolio);
    refuse_same_file("--out", flags.out, "--calibration", flags.calibration);
    refuse_same_file("--out", flags.out, "--stresses", flags.stresses);
  }
  if (flags.paths && flags.out.empty())
    throw InputError("--paths writes into --out FOLDER, which is not given");
  if (!flags.calibration.empty() && !fs::is_regular_file(flags.calibration))
    market::check_file_place(flags.calibration, "--calibration");
}

}  // namespace

void check_flags(const DreamFlags& flags) {
  check_numbers(flags);
  check_source(flags);
  check_cycles(flags);
  check_places(flags);
}

}  // namespace regent::scenario
