#include "trainer/bundle_dream.hpp"

#include <spdlog/fmt/fmt.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "cuda/scenario/path_account.hpp"
#include "market/panel_selection.hpp"
#include "models/batch_decider.hpp"
#include "scenario/bar_shapes.hpp"
#include "trainer/decision_history.hpp"

namespace regent::trainer {
namespace {

using cuda::scenario::Outcomes;
using cuda::scenario::PathAccount;
using cuda::scenario::Paths;
using cuda::scenario::Task;
using market::Column;

// Paths of one network call. A path stands in the block of its number at its number's place, so that it is
// rounded the same way whoever asks for it, and alone.
constexpr std::int64_t block_paths = 32;
constexpr std::int64_t blocks_at_once = 32;  // whose returns are in memory

// What the bundle looks at.
market::Panel part_of(const market::Panel& panel, const models::BundleManifest& manifest) {
  market::Panel kept = market::with_symbol_names(panel, manifest.symbols);
  for (std::size_t column = 0; column < market::column_count; ++column) {
    const bool looked_at =
        std::ranges::find(manifest.columns, market::column_names[column]) != manifest.columns.end();
    if (!looked_at && static_cast<Column>(column) != Column::close) kept.columns[column].clear();
  }
  return kept;
}

std::vector<double> last_closes(const market::Panel& panel) {
  std::vector<double> closes(panel.symbol_count(), std::nan(""));
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const auto row = panel.bar(bar)[Column::close];
    for (std::size_t i = 0; i < closes.size(); ++i) closes[i] = std::isnan(row[i]) ? closes[i] : row[i];
  }
  for (std::size_t i = 0; i < closes.size(); ++i) {
    if (std::isnan(closes[i])) throw InputError("the data have no close of " + panel.symbols[i]);
  }
  return closes;
}

// Returns that were drawn, from path number `first` on.
struct Drawn {
  const Paths& paths;
  std::uint64_t first;
};

// One path of them.
struct Track {
  const Paths& drawn;
  std::size_t path, steps, assets;
  std::span<const float> log_returns(std::size_t step) const {
    return std::span(drawn.log_returns).subspan((path * steps + step) * assets, assets);
  }
  float spread(std::size_t step) const { return drawn.spread[path * steps + step]; }
  float impact(std::size_t step) const { return drawn.impact[path * steps + step]; }
};

// Whole blocks that cover paths [first, first + paths).
struct Blocks {
  std::uint64_t first;
  std::int64_t paths;
};
Blocks blocks_around(std::uint64_t first, std::int64_t paths) {
  const std::uint64_t begin = first / block_paths * block_paths;
  const std::uint64_t end =
      (first + static_cast<std::uint64_t>(paths) + block_paths - 1) / block_paths * block_paths;
  return {begin, static_cast<std::int64_t>(end - begin)};
}

// Moves rows [first, first + count) of what has `width` numbers a row to the front, and leaves out the
// others.
template <class Values>
void keep_rows(Values& values, std::size_t first, std::size_t count, std::size_t width) {
  if (values.empty()) return;
  values.erase(values.begin() + static_cast<std::ptrdiff_t>((first + count) * width), values.end());
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first * width));
}

constexpr market::ColumnSet closes_alone{1U << static_cast<int>(Column::close)};

}  // namespace

// The bars of a block's paths, as they become.
class BundleDream::BlockBars {
 public:
  explicit BlockBars(const State& state);
  // Path i of the block, of the number `draw.path`, makes a step.
  void step(std::size_t i, const scenario::ShapeDraw& draw, std::span<const float> log_returns);
  std::span<const market::BarView> views() const { return views_; }
  bool in_range() const;  // of numbers, all of them

 private:
  const State& state_;
  std::vector<double> closes_, before_;  // [block_paths, symbols], [symbols]
  std::vector<scenario::BarShapes::Columns> others_;
  std::vector<scenario::ShapeState> shapes_;
  std::vector<market::BarView> views_;
};

struct BundleDream::State {
  std::vector<models::Bundle> bundles;  // until one of them is chosen
  std::shared_ptr<models::Bundle> bundle;
  std::unique_ptr<models::Decider> decider;  // after the last bar
  std::vector<double> before, last;  // [symbols] weights, decided after the last bar but one, and the last
  std::vector<double> closes;        // [symbols], the last known
  std::optional<scenario::BarShapes> shapes;  // of a bundle that looks at more than closes
  TimestampMs last_ms = 0, interval_ms = 0;
  std::string data_fingerprint;
  cuda::Resources resources = cuda::Resources::make("cpu");

  void warm_up(const market::Panel& panel);
  // The block of `drawn` that begins with its path at `from`; puts equity and weights into `kept` where it is
  // given.
  void roll_out(const Task& task, const Drawn& drawn, std::size_t from, Outcomes& out, Paths* kept) const;
  Outcomes play(const Task& task, const Drawn& drawn, Paths* kept) const;
};

void BundleDream::State::warm_up(const market::Panel& panel) {
  decider = std::make_unique<models::Decider>(bundle, panel.symbols, panel.column_set());
  models::Decision decision;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    before = decision.weights;
    decision = decider->update(panel.bar(bar));
  }
  last = decision.weights;
  if (before.empty() || last.empty())
    throw InputError(fmt::format("{} bars are too few: the bundle can decide twice after {} bars with prices",
                                 panel.bars(), decider->warmup_bars() + 2));
}

BundleDream::BlockBars::BlockBars(const State& state)
    : state_(state), before_(state.closes.size()), others_(block_paths), views_(block_paths) {
  for (std::int64_t i = 0; i < block_paths; ++i) {
    closes_.insert(closes_.end(), state.closes.begin(), state.closes.end());
  }
  if (state.shapes) shapes_.assign(block_paths, state.shapes->at_end());
}

void BundleDream::BlockBars::step(std::size_t i, const scenario::ShapeDraw& draw,
                                  std::span<const float> log_returns) {
  const std::size_t n = before_.size();
  const std::span<double> closes = std::span(closes_).subspan(i * n, n);
  std::ranges::copy(closes, before_.begin());
  for (std::size_t s = 0; s < n; ++s) closes[s] *= std::exp(static_cast<double>(log_returns[s]));
  views_[i].timestamp_ms = state_.last_ms + static_cast<TimestampMs>(draw.step + 1) * state_.interval_ms;
  views_[i].columns[static_cast<std::size_t>(Column::close)] = closes;
  if (!state_.shapes) return;
  state_.shapes->make(draw, log_returns, before_, closes, shapes_[i], others_[i]);
  for (std::size_t c = 0; c < market::column_count; ++c) {
    if (!others_[i][c].empty()) views_[i].columns[c] = others_[i][c];
  }
}

bool BundleDream::BlockBars::in_range() const {
  return std::ranges::all_of(views_, [](const market::BarView& bar) {
    return std::ranges::all_of(bar.columns, [](std::span<const double> values) {
      return std::ranges::all_of(values, [](double value) { return std::isfinite(value) && value > 0; });
    });
  });
}

void BundleDream::State::roll_out(const Task& task, const Drawn& drawn, std::size_t from, Outcomes& out,
                                  Paths* kept) const {
  const std::size_t n = closes.size(), steps = static_cast<std::size_t>(task.steps);
  models::BatchDecider batch(*decider, block_paths);
  const float spread = task.schedule.empty() ? 1.0F : static_cast<float>(task.schedule.front().spread);
  const float impact = task.schedule.empty() ? 1.0F : static_cast<float>(task.schedule.front().impact);
  std::vector<PathAccount> accounts;
  std::vector<double> wanted;
  BlockBars bars(*this);
  for (std::int64_t i = 0; i < block_paths; ++i) {
    accounts.emplace_back(task.costs, task.ruin_equity, before, spread, impact);
    wanted.insert(wanted.end(), last.begin(), last.end());
  }
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < block_paths; ++i) {
      const Track track{drawn.paths, from + i, steps, n};
      const std::span<const float> moves = track.log_returns(step);
      accounts[i].step(moves, std::span(wanted).subspan(i * n, n), track.spread(step), track.impact(step));
      bars.step(i, {task.seed, drawn.first + from + i, static_cast<std::uint32_t>(step)}, moves);
      if (kept == nullptr) continue;
      const std::size_t at = (from + i) * steps + step;
      kept->equity[at] = accounts[i].equity();
      std::copy_n(wanted.begin() + static_cast<std::ptrdiff_t>(i * n), n,
                  kept->weights.begin() + static_cast<std::ptrdiff_t>(at * n));
    }
    if (step + 1 == steps) break;
    if (!bars.in_range())
      throw Error("scenario: a dreamed price left the range of numbers; volatility or jumps are too large");
    batch.update(bars.views());
    wanted.assign(batch.weights().begin(), batch.weights().end());
  }
  for (std::size_t i = 0; i < block_paths; ++i)
    accounts[i].put(out, from + i, drawn.paths.regime[(from + i + 1) * steps - 1]);
}

Outcomes BundleDream::State::play(const Task& task, const Drawn& drawn, Paths* kept) const {
  const std::size_t paths = drawn.paths.equity.size() / static_cast<std::size_t>(task.steps);
  Outcomes out = cuda::scenario::room_for_outcomes(paths);
  tbb::parallel_for(std::size_t{0}, paths / block_paths,
                    [&](std::size_t block) { roll_out(task, drawn, block * block_paths, out, kept); });
  return out;
}

BundleDream::BundleDream(const std::filesystem::path& folder) : state_(std::make_unique<State>()) {
  state_->bundles = models::load_bundles(folder);
}
BundleDream::~BundleDream() = default;

void BundleDream::see(std::optional<market::Panel>& panel) {
  State& s = *state_;
  if (!panel || panel->bars() == 0)
    throw InputError("--bundle needs --data FILE with bars up to now: every path goes on from their end");
  s.bundle = std::make_shared<models::Bundle>(bundle_at(std::move(s.bundles), panel->timestamps_ms.back()));
  panel = part_of(*panel, s.bundle->manifest);
  s.closes = last_closes(*panel);
  s.last_ms = panel->timestamps_ms.back();
  s.warm_up(*panel);
  if (!(panel->column_set() == closes_alone)) s.shapes.emplace(*panel);
  s.interval_ms = market::usual_step(panel->timestamps_ms);
  s.data_fingerprint = panel->fingerprint();
}

const hmm::Model* BundleDream::regimes() const {
  return &state_->bundle->regimes;
}

std::string BundleDream::name() const {
  const models::BundleManifest& manifest = state_->bundle->manifest;
  return "bundle " + manifest.fingerprint.substr(0, 12) + ", which serves from " +
         format_timestamp(manifest.serve_from_ms);
}

std::string BundleDream::fingerprint() const {
  return to_hex(sha256(std::string_view(state_->bundle->manifest.fingerprint + state_->data_fingerprint)));
}

Outcomes BundleDream::run(const Task& task, std::uint64_t first, std::int64_t paths) const {
  const Blocks whole = blocks_around(first, paths);
  Outcomes all;
  for (std::int64_t done = 0; done < whole.paths; done += block_paths * blocks_at_once) {
    const std::uint64_t begin = whole.first + static_cast<std::uint64_t>(done);
    const std::int64_t count = std::min(block_paths * blocks_at_once, whole.paths - done);
    const Outcomes part =
        state_->play(task, {cuda::scenario::record(state_->resources, task, begin, count), begin}, nullptr);
    const std::uint64_t from = std::max(begin, first);
    const std::uint64_t end =
        std::min(begin + static_cast<std::uint64_t>(count), first + static_cast<std::uint64_t>(paths));
    append(all, part, from - begin, end - from);
  }
  return all;
}

Paths BundleDream::record(const Task& task, std::uint64_t first, std::int64_t paths) const {
  const Blocks whole = blocks_around(first, paths);
  Paths kept = cuda::scenario::record(state_->resources, task, whole.first, whole.paths);
  kept.weights.resize(kept.log_returns.size());
  state_->play(task, {kept, whole.first}, &kept);
  const std::size_t at = first - whole.first, count = static_cast<std::size_t>(paths),
                    n = state_->closes.size();
  const auto steps = static_cast<std::size_t>(task.steps);
  keep_rows(kept.log_returns, at, count, steps * n);
  keep_rows(kept.weights, at, count, steps * n);
  keep_rows(kept.equity, at, count, steps);
  keep_rows(kept.regime, at, count, steps);
  keep_rows(kept.spread, at, count, steps);
  keep_rows(kept.impact, at, count, steps);
  return kept;
}

std::int64_t BundleDream::chunk_paths(std::size_t assets, std::int64_t steps) const {
  // about 60 µs of one core for a bar of 20 symbols
  const std::int64_t paths = 600'000 / (static_cast<std::int64_t>(assets) * steps);
  return std::clamp<std::int64_t>(paths / block_paths * block_paths, 2 * block_paths, 1 << 16);
}

}  // namespace regent::trainer
