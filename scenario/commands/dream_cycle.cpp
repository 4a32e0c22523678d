#include "scenario/commands/dream_cycle.hpp"

#include <poll.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "base/stop_signal.hpp"
#include "base/table.hpp"
#include "base/time.hpp"
#include "market/io/output.hpp"
#include "scenario/commands/dream_timeline.hpp"
#include "scenario/commands/whole_dream.hpp"

namespace regent::scenario {
namespace {

namespace fs = std::filesystem;

// One timeline is of one portfolio under the same stresses and costs.
void claim_timeline(const fs::path& folder, const DreamFlags& flags, const DreamSetup& setup) {
  const nlohmann::ordered_json own = {{"format", "regent-dreams/1"},
                                      {"settings", setup.settings},
                                      {"symbols", setup.symbols},
                                      {"drawdown_limit", flags.drawdown_limit}};
  const fs::path file = folder / "dreams.json";
  const nlohmann::json known = json_in(file);
  if (known == nlohmann::json(own)) return;
  if (!known.is_null())
    throw InputError(
        "--out " + folder.string() +
        " holds dreams of other settings (symbols, portfolio, stresses, costs, source, steps, seed or "
        "--drawdown-limit); name another folder, or remove it");
  if (fs::exists(folder) && !fs::is_empty(folder))
    throw InputError("--out " + folder.string() + ": the folder is not empty and holds no dreams of --every");
  market::make_folder(folder);
  write_file_atomically(file, own.dump(1) + "\n");
}

// Without colons, which some file systems do not take.
std::string folder_name(TimestampMs until) {
  std::string name = format_timestamp(until);
  std::erase(name, ':');
  return name;
}

bool is_done(const DreamFlags& flags, const DreamSetup& setup) {
  const nlohmann::json report = json_in(fs::path(flags.out) / "report.json");
  return report.is_object() && report.value("complete", false) &&
         report.value("asked", 0) == flags.scenarios && report.value("fingerprint", "") == setup.fingerprint;
}

std::string line_of(const std::string& time, const DreamFlags& flags, const DreamSummary& summary) {
  const StressSummary& base = summary.stresses.front();
  const Robustness robustness = robustness_of(summary);
  std::string line = time + "  robust " + percent(base.robust.share) + ", ES 99 % " +
                     percent(base.risk99.expected_shortfall);
  if (summary.stresses.size() > 1)
    line += "; of all scenarios " + percent(robustness.mean) + ", least under " + robustness.least->name +
            ' ' + percent(robustness.least->robust.share);
  return line + "  " + flags.out;
}

class Cycles {
 public:
  Cycles(const DreamFlags& flags, const PolicyMaker& make_policy)
      : flags_(flags), make_policy_(make_policy) {}

  // One dream of the bars that are there now.
  void dream() const {
    const std::unique_ptr<DreamPolicy> policy = make_policy_();
    DreamSetup setup;
    set_up(flags_, *policy, setup);
    if (!setup.returns) throw InputError("--every needs --data FILE, which holds more bars each time");
    claim_timeline(root_, flags_, setup);
    const TimestampMs until = setup.returns->timestamps_ms.back();
    DreamFlags flags = flags_;
    flags.out = (root_ / folder_name(until)).string();
    if (is_done(flags, setup) && in_timeline(timeline(), until)) {
      std::cerr << "no bars after " << format_timestamp(until) << " yet\n";
      return;
    }
    const auto [dreamed, summary] = dream_whole(flags, setup);
    if (dreamed.paths == 0) return;
    keep(until, flags, setup, summary);
    if (flags.bars.json) {
      std::cout << summary_json(flags, setup, dreamed, summary).dump() << std::endl;
    } else {
      std::cout << line_of(format_timestamp(until), flags, summary) << std::endl;
    }
  }

 private:
  fs::path timeline() const { return root_ / "timeline.csv"; }
  void keep(TimestampMs until, const DreamFlags& flags, const DreamSetup& setup,
            const DreamSummary& summary) const {
    add_to_timeline(timeline(), until, setup, summary);
    write_file_atomically(root_ / "metrics.prom", read_file(fs::path(flags.out) / "metrics.prom"));
    if (!flags.no_plots) draw("dream_timeline.py", root_, true);
  }

  const DreamFlags& flags_;
  const PolicyMaker& make_policy_;
  const fs::path root_ = flags_.out;
};

// Or until a stop is asked for.
void wait_until(std::int64_t end_ns) {
  while (!stop_requested()) {
    const std::int64_t left_ms = (end_ns - monotonic_ns() + ns_per_ms - 1) / ns_per_ms;
    if (left_ms <= 0) return;
    pollfd stop{stop_descriptor(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 3'600'000)));
  }
}

}  // namespace

int run_dream_cycles(const DreamFlags& flags, const PolicyMaker& make_policy) {
  install_stop_signals();
  const auto every_ns = static_cast<std::int64_t>(seconds_of("--every", flags.every) * 1e9);
  const Cycles cycles(flags, make_policy);
  std::int64_t next = monotonic_ns();
  for (std::int64_t count = 1;; ++count) {
    try {
      cycles.dream();
    } catch (const InputError& error) {
      // a file that is being written now may be whole the next time
      if (count == 1) throw;
      std::cerr << error.what() << "; tried again in " << flags.every << '\n';
    }
    if (stop_requested()) return exit_interrupted;
    if (flags.cycles && count >= *flags.cycles) return 0;
    // a dream that took longer than its turn takes that of the next ones
    const std::int64_t late = std::max<std::int64_t>(0, monotonic_ns() - next);
    next += (late / every_ns + 1) * every_ns;
    wait_until(next);
    if (stop_requested()) return exit_interrupted;
  }
}

}  // namespace regent::scenario
