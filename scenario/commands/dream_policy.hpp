#pragma once
// Who holds what on dreamed paths: weights that people set, on the fused kernels, or a policy from elsewhere
// (trainer/bundle_dream).

#include <optional>
#include <string>

#include "cuda/scenario/scenario.hpp"
#include "hmm/model.hpp"
#include "market/panel.hpp"

namespace regent::scenario {

class DreamPolicy {
 public:
  virtual ~DreamPolicy() = default;

  // Before anything is made of the data: takes of them what it needs, and leaves its symbols, in its order.
  // Throws InputError.
  virtual void see(std::optional<market::Panel>& panel) = 0;
  // Regimes that the law is made of instead of fitted ones; null: none.
  virtual const hmm::Model* regimes() const { return nullptr; }
  virtual std::string name() const { return ""; }         // for people, and for what is left to say
  virtual std::string fingerprint() const { return ""; }  // of all that decides its weights
  virtual bool sets_weights() const { return true; }      // those of Task::policy

  // As cuda::scenario::run and record: a path is a function of the task and its number alone.
  virtual cuda::scenario::Outcomes run(const cuda::scenario::Task& task, std::uint64_t first,
                                       std::int64_t paths) const = 0;
  virtual cuda::scenario::Paths record(const cuda::scenario::Task& task, std::uint64_t first,
                                       std::int64_t paths) const = 0;
  // Paths of about a second of work, and how many may be made again for pictures.
  virtual std::int64_t chunk_paths(std::size_t assets, std::int64_t steps) const = 0;
  virtual std::int64_t sampled_max() const = 0;
};

class SetWeights : public DreamPolicy {
 public:
  // device: auto, cpu or cuda. Throws InputError where it cannot be had.
  explicit SetWeights(const std::string& device) : device_(cuda::Resources::make(device)) {}
  void see(std::optional<market::Panel>&) override {}
  cuda::scenario::Outcomes run(const cuda::scenario::Task& task, std::uint64_t first,
                               std::int64_t paths) const override;
  cuda::scenario::Paths record(const cuda::scenario::Task& task, std::uint64_t first,
                               std::int64_t paths) const override;
  std::int64_t chunk_paths(std::size_t assets, std::int64_t steps) const override;
  std::int64_t sampled_max() const override { return 2000; }

 private:
  cuda::Resources device_, cpu_ = cuda::Resources::make("cpu");
};

}  // namespace regent::scenario
