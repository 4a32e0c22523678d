#pragma once
// A bundle's decisions on dreamed bars: `regent dream --bundle`. Every path goes on from the same Decider,
// which has seen the data; paths step together in blocks, whose networks run once a bar
// (models/batch_decider.hpp).
//
// At the first dreamed bar the account holds what the Decider decided one bar before the data's last; at the
// end of every bar it trades to what was decided one bar before. So a decision fills one bar later, at that
// bar's close, whatever columns there are. Beside closes, bars have the columns that the bundle
// looks at (scenario/bar_shapes.hpp). Costs, drawdown and ruin:
// cuda/scenario/path_account.hpp.

#include <filesystem>
#include <memory>

#include "models/decider.hpp"
#include "scenario/commands/dream_policy.hpp"

namespace regent::trainer {

class BundleDream : public scenario::DreamPolicy {
 public:
  // A bundle or a walk-forward set of them. Throws InputError as models::load_bundles does.
  explicit BundleDream(const std::filesystem::path& folder);
  ~BundleDream() override;

  // Chooses the bundle that serves at the last bar, keeps the symbols and columns that it looks at, and shows
  // it the bars. Throws InputError without data, for a symbol or column that they lack, for a symbol that has
  // no close, and where the bars are too few for a decision or for the shapes of bars.
  void see(std::optional<market::Panel>& panel) override;
  const hmm::Model* regimes() const override;
  std::string name() const override;
  std::string fingerprint() const override;
  bool sets_weights() const override { return false; }

  cuda::scenario::Outcomes run(const cuda::scenario::Task& task, std::uint64_t first,
                               std::int64_t paths) const override;
  // With the weights that were decided.
  cuda::scenario::Paths record(const cuda::scenario::Task& task, std::uint64_t first,
                               std::int64_t paths) const override;
  std::int64_t chunk_paths(std::size_t assets, std::int64_t steps) const override;
  std::int64_t sampled_max() const override { return 512; }

 private:
  class BlockBars;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::trainer
