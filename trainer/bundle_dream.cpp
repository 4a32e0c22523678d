#include "trainer/bundle_dream.hpp"

#include <spdlog/fmt/fmt.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "cuda/scenario/path_account.hpp"
#include "market/feature_stream.hpp"
#include "market/panel_selection.hpp"
#include "models/batch_decider.hpp"
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

// Closes alone: a dream has no other columns.
void check_columns(const models::BundleManifest& manifest) {
  std::string features;
  for (const std::string& name : manifest.features) {
    const auto& needs = market::find_feature(name)->needs;
    if (std::ranges::all_of(needs, [](Column column) { return column == Column::close; })) continue;
    features += (features.empty() ? "" : ", ") + name;
  }
  if (features.empty()) return;
  throw InputError("the bundle looks at " + features +
                   ", which need more than closes, and dreamed bars have closes only; leave these out of "
                   "features.names when training a bundle that is to be dreamed of");
}

// The columns that dreamed bars have, of the bundle's symbols.
market::Panel closes_of(const market::Panel& panel, const std::vector<std::string>& symbols) {
  market::Panel kept = market::with_symbol_names(panel, symbols);
  for (std::size_t column = 0; column < market::column_count; ++column) {
    if (static_cast<Column>(column) != Column::close) kept.columns[column].clear();
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

// Of the panel's usual bar.
TimestampMs interval_of(const market::Panel& panel) {
  std::vector<TimestampMs> gaps;
  for (std::size_t bar = 1; bar < panel.bars(); ++bar)
    gaps.push_back(panel.timestamps_ms[bar] - panel.timestamps_ms[bar - 1]);
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle;
}

// One path of the returns that were drawn, and where its results go.
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

}  // namespace

struct BundleDream::State {
  std::vector<models::Bundle> bundles;  // until one of them is chosen
  std::shared_ptr<models::Bundle> bundle;
  std::unique_ptr<models::Decider> decider;  // after the last bar
  std::vector<double> before, last;  // [symbols] weights, decided after the last bar but one, and the last
  std::vector<double> closes;        // [symbols], the last known
  TimestampMs last_ms = 0, interval_ms = 0;
  std::string data_fingerprint;
  cuda::Resources resources = cuda::Resources::make("cpu");

  void warm_up(const market::Panel& panel);
  Paths drawn(const Task& task, std::uint64_t first, std::int64_t paths) const;
  // The block of `drawn` that begins with its path `from`; puts equity and weights into `kept` where it is
  // given.
  void roll_out(const Task& task, const Paths& drawn, std::size_t from, Outcomes& out, Paths* kept) const;
  Outcomes play(const Task& task, const Paths& drawn, Paths* kept) const;
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

void BundleDream::State::roll_out(const Task& task, const Paths& drawn, std::size_t from, Outcomes& out,
                                  Paths* kept) const {
  const std::size_t n = closes.size(), steps = static_cast<std::size_t>(task.steps);
  models::BatchDecider batch(*decider, block_paths);
  const float spread = task.schedule.empty() ? 1.0F : static_cast<float>(task.schedule.front().spread);
  const float impact = task.schedule.empty() ? 1.0F : static_cast<float>(task.schedule.front().impact);
  std::vector<PathAccount> accounts;
  std::vector<double> prices, wanted;
  std::vector<market::BarView> bars(block_paths);
  for (std::int64_t i = 0; i < block_paths; ++i) {
    accounts.emplace_back(task.costs, task.ruin_equity, before, spread, impact);
    prices.insert(prices.end(), closes.begin(), closes.end());
    wanted.insert(wanted.end(), last.begin(), last.end());
  }
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < block_paths; ++i) {
      const Track track{drawn, from + i, steps, n};
      const std::span<const float> moves = track.log_returns(step);
      accounts[i].step(moves, std::span(wanted).subspan(i * n, n), track.spread(step), track.impact(step));
      for (std::size_t s = 0; s < n; ++s) prices[i * n + s] *= std::exp(static_cast<double>(moves[s]));
      bars[i].timestamp_ms = last_ms + static_cast<TimestampMs>(step + 1) * interval_ms;
      bars[i].columns[static_cast<std::size_t>(Column::close)] = std::span(prices).subspan(i * n, n);
      if (kept == nullptr) continue;
      const std::size_t at = (from + i) * steps + step;
      kept->equity[at] = accounts[i].equity();
      std::copy_n(wanted.begin() + static_cast<std::ptrdiff_t>(i * n), n,
                  kept->weights.begin() + static_cast<std::ptrdiff_t>(at * n));
    }
    if (step + 1 == steps) break;
    if (!std::ranges::all_of(prices, [](double price) { return std::isfinite(price) && price > 0; }))
      throw Error("scenario: a dreamed price left the range of numbers; volatility or jumps are too large");
    batch.update(bars);
    wanted.assign(batch.weights().begin(), batch.weights().end());
  }
  for (std::size_t i = 0; i < block_paths; ++i)
    accounts[i].put(out, from + i, drawn.regime[(from + i + 1) * steps - 1]);
}

Outcomes BundleDream::State::play(const Task& task, const Paths& drawn, Paths* kept) const {
  const std::size_t paths = drawn.equity.size() / static_cast<std::size_t>(task.steps);
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
  check_columns(s.bundle->manifest);
  panel = closes_of(*panel, s.bundle->manifest.symbols);
  s.closes = last_closes(*panel);
  s.last_ms = panel->timestamps_ms.back();
  s.warm_up(*panel);
  s.interval_ms = interval_of(*panel);
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
        state_->play(task, cuda::scenario::record(state_->resources, task, begin, count), nullptr);
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
  const Paths& drawn = kept;
  kept.weights.resize(kept.log_returns.size());
  state_->play(task, drawn, &kept);
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
