#include "scenario/commands/whole_dream.hpp"

#include "base/drawing.hpp"
#include "scenario/commands/dream_report.hpp"

namespace regent::scenario {

WholeDream dream_whole(const DreamFlags& flags, const DreamSetup& setup) {
  claim_folder(flags, setup);
  keep_law(flags, setup);
  WholeDream whole{.dreamed = run_dream(flags, setup), .summary = {}};
  if (whole.dreamed.paths == 0) return whole;
  whole.summary = summary_of(flags, setup, whole.dreamed);
  if (flags.out.empty()) return whole;
  write_report(flags, setup, whole.dreamed, whole.summary);
  if (!flags.no_plots) draw("dream.py", flags.out, !shows_progress(flags));
  return whole;
}

}  // namespace regent::scenario
