#include "hmm/expectation_maximisation.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "cuda/hmm/expectation.hpp"
#include "cuda/runtime/aligned.hpp"
#include "hmm/log_expectation.hpp"
#include "hmm/side_by_side.hpp"

namespace regent::hmm {
namespace {

using cuda::Aligned;
using cuda::hmm::AnyShape;
using cuda::hmm::blocks_of;
using cuda::hmm::CountLayout;
using cuda::hmm::lane_block;
using cuda::hmm::lane_index;
using cuda::hmm::ParameterLayout;

// How far the penalised log-likelihood may fall in one iteration before the model counts as failed, per bar:
// what the float pass can be wrong by.
constexpr double fall_allowed_per_bar = 2e-6;
// With fewer lanes than this the CPU was taken for faster; not measured since series are cut in time there.
constexpr std::size_t gpu_lanes_min = 2048;
// Of standardised bars that are held at once.
constexpr std::size_t tile_bytes_cpu = std::size_t{256} << 20, tile_bytes_gpu = std::size_t{2} << 30;
// Finished lanes are taken out when no more than this share of all is left.
constexpr double compact_below = 0.6;

template <class Body>
void in_parallel(std::size_t count, std::size_t grain, const Body& body) {
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, grain),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      for (std::size_t i = range.begin(); i < range.end(); ++i) body(i);
                    });
}

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

std::size_t lanes_of(const Ascent& ascent) {
  return ascent.group->series.size();
}
std::int64_t longest_of(const FitGroup& group) {
  std::int64_t longest = 0;
  for (std::size_t which = 0; which < group.series.size(); ++which)
    longest = std::max(longest, group.bars_of(which));
  return longest;
}

// The bars of some models in the lanes of one batch, and the E-step over them.
template <class T>
class Tile {
 public:
  Tile(const cuda::Resources& resources, std::vector<Ascent*> members)
      : resources_(resources),
        members_(std::move(members)),
        shape_(members_.front()->now.run_shape()),
        law_(members_.front()->now.law()) {
    const FitGroup* first = members_.front()->group;
    shared_ = first->series.size() == 1 &&
              std::all_of(members_.begin(), members_.end(), [&](Ascent* a) { return a->group == first; });
    lay_out();
    shared_ ? fill_shared() : fill();
    open();
  }

  bool empty() const { return members_.empty(); }
  const std::vector<Ascent*>& members() const { return members_; }

  void expect() {
    in_parallel(members_.size(), lane_block, [&](std::size_t i) { scatter(i); });
    expectation_->run(static_cast<int>(lanes_.size()), parameters_, active_, counts_, likelihoods_);
    in_parallel(lanes_.size(), 1, [&](std::size_t lane) {
      if (in_logs_[lane] != 0) expect_in_logs(lane);
    });
    in_parallel(members_.size(), lane_block, [&](std::size_t i) {
      if (members_[i]->running()) gather(i);
    });
  }

  // Lanes of finished models cost nothing once they are gone, and little before.
  void drop_finished() {
    std::size_t left = 0;
    for (const Ascent* member : members_) left += member->running() ? lanes_of(*member) : 0;
    if (left == 0) return members_.clear();
    if (static_cast<double>(left) > compact_below * static_cast<double>(lanes_.size())) return;
    const std::vector<Lane> before = lanes_;
    const std::int64_t steps_before = steps_;
    std::erase_if(members_, [](const Ascent* member) { return !member->running(); });
    lay_out();
    if (!shared_) keep(before, steps_before);
    open();
  }

 private:
  struct Lane {
    const Ascent* member;
    std::size_t which;  // series of its group
    std::int32_t bars;
    bool operator==(const Lane&) const = default;
  };

  void lay_out() {
    lanes_.clear();
    first_lane_.clear();
    lengths_.clear();
    for (const Ascent* member : members_) {
      first_lane_.push_back(lanes_.size());
      for (std::size_t which = 0; which < lanes_of(*member); ++which) {
        lanes_.push_back({member, which, static_cast<std::int32_t>(member->group->bars_of(which))});
        lengths_.push_back(lanes_.back().bars);
      }
    }
    steps_ = *std::max_element(lengths_.begin(), lengths_.end());
    const AnyShape shape(shape_);
    const std::size_t padded = blocks_of(lanes_.size()) * lane_block;
    active_.assign(lanes_.size(), 1);
    in_logs_.assign(lanes_.size(), 0);
    parameters_.resize(ParameterLayout<AnyShape>{shape}.size() * padded);
    counts_.resize(CountLayout<AnyShape>{shape}.rows(law_) * padded);
    likelihoods_.resize(padded);
  }

  void open() {
    cuda::hmm::BatchView<T> view;
    view.shape = shape_;
    view.law = law_;
    view.lanes = static_cast<int>(lanes_.size());
    view.steps = steps_;
    view.lengths = lengths_.data();
    view.observations = observations_.data();
    view.shared = shared_;
    expectation_.reset();
    expectation_.emplace(resources_, view);
  }

  void fill_shared() {
    const FitGroup& group = *members_.front()->group;
    observations_.resize(static_cast<std::size_t>(steps_) * group.dimension);
    in_parallel(steps_, 4096, [&](std::size_t t) {
      for (int d = 0; d < group.dimension; ++d) {
        observations_[t * group.dimension + d] =
            static_cast<T>(group.standardised(0, static_cast<std::int64_t>(t), d));
      }
    });
  }

  // value(lane, bar, feature) into every lane of every block; past its end a lane holds zeros, and the lanes
  // that fill up the last block repeat the last one.
  template <class Value>
  void fill_blocks(Aligned<T>& to, const Value& value) const {
    const int dimension = shape_.dimension;
    in_parallel(blocks_of(lanes_.size()), 1, [&](std::size_t block) {
      T* row = &to[block * steps_ * dimension * lane_block];
      for (std::int64_t t = 0; t < steps_; ++t) {
        for (int d = 0; d < dimension; ++d, row += lane_block) {
          for (int i = 0; i < lane_block; ++i) {
            const std::size_t lane = std::min(block * lane_block + i, lanes_.size() - 1);
            row[i] = t < lanes_[lane].bars ? value(lane, t, d) : T{0};
          }
        }
      }
    });
  }
  std::size_t block_values() const {
    return blocks_of(lanes_.size()) * steps_ * shape_.dimension * lane_block;
  }

  void fill() {
    observations_.resize(block_values());
    fill_blocks(observations_, [&](std::size_t lane, std::int64_t t, int d) {
      return static_cast<T>(lanes_[lane].member->group->standardised(lanes_[lane].which, t, d));
    });
  }

  void keep(const std::vector<Lane>& before, std::int64_t steps_before) {
    std::vector<std::size_t> from;
    for (std::size_t old = 0; old < before.size(); ++old) {
      if (from.size() < lanes_.size() && before[old] == lanes_[from.size()]) from.push_back(old);
    }
    const std::size_t rows_before = steps_before * shape_.dimension;
    Aligned<T> kept(block_values());
    fill_blocks(kept, [&](std::size_t lane, std::int64_t t, int d) {
      return observations_[lane_index(from[lane], t * shape_.dimension + d, rows_before)];
    });
    observations_ = std::move(kept);
  }

  bool goes_in_logs(const Ascent& member) const {
    return member.running() &&
           has_transition_below(flat_transitions(shape_, member.parameters), transition_min<T>);
  }
  void expect_in_logs(std::size_t lane) {
    const FitGroup& group = *lanes_[lane].member->group;
    const std::size_t dimension = group.dimension, which = lanes_[lane].which;
    std::vector<double> bars(lanes_[lane].bars * dimension);
    for (std::size_t i = 0; i < bars.size(); ++i)
      bars[i] = group.standardised(which, static_cast<std::int64_t>(i / dimension),
                                   static_cast<int>(i % dimension));
    const std::size_t rows = CountLayout<AnyShape>{AnyShape(shape_)}.rows(law_);
    std::vector<double> counts(rows);
    likelihoods_[lane] = hmm::expect_in_logs(shape_, law_, lanes_[lane].member->parameters, bars, counts);
    for (std::size_t row = 0; row < rows; ++row) counts_[lane_index(lane, row, rows)] = counts[row];
  }

  void scatter(std::size_t i) {
    const Ascent& member = *members_[i];
    const std::size_t rows = member.parameters.size(), last = first_lane_[i] + lanes_of(member);
    const std::size_t end = last == lanes_.size() ? blocks_of(last) * lane_block : last;
    const bool logs = goes_in_logs(member);
    for (std::size_t lane = first_lane_[i]; lane < end; ++lane) {
      if (lane < last) {
        active_[lane] = member.running() && !logs ? 1 : 0;
        in_logs_[lane] = logs ? 1 : 0;
      }
      for (std::size_t row = 0; row < rows && member.running(); ++row) {
        parameters_[lane_index(lane, row, rows)] = static_cast<T>(member.parameters[row]);
      }
    }
  }

  void gather(std::size_t i) {
    Ascent& member = *members_[i];
    const AnyShape shape(shape_);
    const std::size_t rows = CountLayout<AnyShape>{shape}.rows(law_);
    member.counts.assign(rows, 0);
    member.log_likelihood = 0;
    for (std::size_t lane = first_lane_[i]; lane < first_lane_[i] + lanes_of(member); ++lane) {
      member.log_likelihood += likelihoods_[lane];
      for (std::size_t row = 0; row < rows; ++row) member.counts[row] += counts_[lane_index(lane, row, rows)];
    }
  }

  const cuda::Resources& resources_;
  std::vector<Ascent*> members_;
  cuda::hmm::ShapeNumbers shape_;
  cuda::hmm::EmissionLaw law_;
  bool shared_ = false;  // one series for all lanes
  std::vector<Lane> lanes_;
  std::vector<std::size_t> first_lane_;  // of every member
  std::vector<std::int32_t> lengths_;
  std::int64_t steps_ = 0;
  Aligned<T> observations_, parameters_;
  std::vector<double> counts_, likelihoods_;
  std::vector<std::uint8_t> active_, in_logs_;  // [lanes]; those in logs are not run by expectation_
  std::optional<cuda::hmm::Expectation<T>> expectation_;
};

void judge(Ascent& ascent, const FitSettings& settings) {
  ++ascent.iterations;
  const auto bars = static_cast<double>(ascent.group->observed_bars);  // missing ones say nothing
  const double penalised = ascent.log_likelihood + ascent.now.log_prior(settings);
  // −inf at first: a start may have zeros that the prior lifts in the M-step
  if (!std::isfinite(ascent.log_likelihood) || std::isnan(penalised) || !all_finite(ascent.counts) ||
      penalised < ascent.penalised - fall_allowed_per_bar * bars) {
    ascent.failed = true;
    return;
  }
  ascent.converged = settings.tolerance > 0 && penalised - ascent.penalised < settings.tolerance * bars;
  ascent.penalised = penalised;
}

template <class T>
void run_part(const cuda::Resources& resources, const std::vector<Ascent*>& members,
              const FitSettings& settings) {
  Tile<T> tile(resources, members);
  for (int iteration = 0; iteration < settings.iterations_max; ++iteration) {
    in_parallel(tile.members().size(), 8, [&](std::size_t i) {
      Ascent& member = *tile.members()[i];
      if (!member.running()) return;
      if (iteration > 0) member.now.maximise(member.counts, settings);
      member.failed = !member.now.to_parameters(member.parameters);
    });
    tile.drop_finished();
    if (tile.empty()) return;
    tile.expect();
    if (sizeof(T) == sizeof(float)) {  // what float cannot carry is run again in double, one by one
      for (Ascent* member : tile.members()) {
        if (!member->running() || (std::isfinite(member->log_likelihood) && all_finite(member->counts)))
          continue;
        Tile<double>(resources, {member}).expect();
      }
    }
    in_parallel(tile.members().size(), 8, [&](std::size_t i) {
      if (tile.members()[i]->running()) judge(*tile.members()[i], settings);
    });
  }
}

// Models do not depend on each other, nor does a result on which of them share a batch, but for few long
// series, which are cut in time otherwise (long_series.hpp).
template <class T>
void run_tile(const cuda::Resources& resources, const std::vector<Ascent*>& members,
              const FitSettings& settings) {
  const std::size_t parts = std::min<std::size_t>(parts_for(resources), members.size());
  side_by_side(static_cast<int>(parts), [&](int part) {
    const auto first = members.begin() + static_cast<std::ptrdiff_t>(members.size() * part / parts);
    const auto end = members.begin() + static_cast<std::ptrdiff_t>(members.size() * (part + 1) / parts);
    run_part<T>(resources, {first, end}, settings);
  });
}

// Longest first, so that neighbouring lanes end at about the same bar.
std::vector<Ascent*> by_length(std::span<Ascent> all) {
  std::vector<std::pair<std::int64_t, Ascent*>> order;
  for (Ascent& ascent : all) order.emplace_back(longest_of(*ascent.group), &ascent);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Ascent*> result;
  for (const auto& [length, ascent] : order) result.push_back(ascent);
  return result;
}

// Calls body(members) for tile after tile of at most `bytes_max` of bars, but at least one model each.
template <class Body>
void for_each_tile(const std::vector<Ascent*>& all, std::size_t bar_bytes, std::size_t bytes_max,
                   const Body& body) {
  for (std::size_t first = 0; first < all.size();) {
    const std::size_t bytes_of_lane = longest_of(*all[first]->group) * bar_bytes;
    std::size_t end = first, lanes = 0;
    while (
        end < all.size() &&
        (end == first || blocks_of(lanes + lanes_of(*all[end])) * lane_block * bytes_of_lane <= bytes_max)) {
      lanes += lanes_of(*all[end++]);
    }
    // one long series fills no block with copies of itself while all its restarts are together
    while (end < all.size() && end > first && all[end]->group == all[first]->group &&
           all[end - 1]->group == all[first]->group && lanes_of(*all[first]) == 1) {
      ++end;
    }
    body(std::vector<Ascent*>(all.begin() + static_cast<std::ptrdiff_t>(first),
                              all.begin() + static_cast<std::ptrdiff_t>(end)));
    first = end;
  }
}

// One series fills few lanes, so it is fitted on the CPU even where there is a GPU.
template <class Body>
void with_resources(const cuda::Resources& given, std::span<Ascent> all, const Body& body) {
  std::size_t lanes = 0;
  for (const Ascent& ascent : all) lanes += lanes_of(ascent);
  if (given.gpu() != nullptr && lanes < gpu_lanes_min) {
    const cuda::Resources cpu = cuda::Resources::make("cpu");
    return body(cpu, tile_bytes_cpu);
  }
  body(given, given.gpu() != nullptr ? tile_bytes_gpu : tile_bytes_cpu);
}

}  // namespace

void ascend(const cuda::Resources& given, std::span<Ascent> all, const FitSettings& settings) {
  if (all.empty()) return;
  const std::vector<Ascent*> order = by_length(all);
  const bool in_double = settings.double_precision || longest_of(*order.front()->group) > float_bars_max;
  const std::size_t bar_bytes =
      all.front().now.shape.dimension * (in_double ? sizeof(double) : sizeof(float));
  with_resources(given, all, [&](const cuda::Resources& resources, std::size_t tile_bytes) {
    for_each_tile(order, bar_bytes, tile_bytes, [&](const std::vector<Ascent*>& members) {
      in_double ? run_tile<double>(resources, members, settings)
                : run_tile<float>(resources, members, settings);
    });
  });
}

void expect_in_double(const cuda::Resources& given, std::span<Ascent> all) {
  if (all.empty()) return;
  in_parallel(all.size(), 8, [&](std::size_t i) { all[i].now.to_parameters(all[i].parameters); });
  const std::size_t bar_bytes = all.front().now.shape.dimension * sizeof(double);
  with_resources(given, all, [&](const cuda::Resources& resources, std::size_t tile_bytes) {
    for_each_tile(by_length(all), bar_bytes, tile_bytes, [&](const std::vector<Ascent*>& members) {
      std::vector<bool> converged;
      for (Ascent* member : members) {
        converged.push_back(std::exchange(member->converged, false));
        REGENT_INVARIANT(!member->failed, "a failed fit has no expectation");
      }
      Tile<double>(resources, members).expect();
      for (std::size_t i = 0; i < members.size(); ++i) members[i]->converged = converged[i];
    });
  });
}

}  // namespace regent::hmm
