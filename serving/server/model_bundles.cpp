#include "serving/server/model_bundles.hpp"

#include "base/error.hpp"
#include "models/bundle.hpp"
#include "models/decider.hpp"

namespace regent::server {
namespace {

class ModelDecider : public StreamDecider {
 public:
  ModelDecider(std::shared_ptr<models::Bundle> bundle, const std::vector<std::string>& symbols,
               market::ColumnSet columns)
      : decider_(std::move(bundle), symbols, columns) {}

  ServedDecision update(const market::BarView& bar) override {
    models::Decision decision = decider_.update(bar);
    ServedDecision served;
    served.warm = decision.warm;
    served.convictions = std::move(decision.convictions);
    served.weights = std::move(decision.weights);
    served.macro_posterior = std::move(decision.macro_posterior);
    served.micro_posterior = std::move(decision.micro_posterior);
    served.regime = std::move(decision.regime);
    served.confidence = decision.confidence;
    served.predicted_volatility = decision.predicted_volatility;
    return served;
  }

 private:
  models::Decider decider_;
};

class ModelBundles : public ServedBundles {
 public:
  explicit ModelBundles(std::vector<models::Bundle> bundles) {
    for (models::Bundle& bundle : bundles) {
      labels_.push_back({bundle.manifest.fingerprint, bundle.manifest.serve_from_ms,
                         bundle.manifest.train_end_ms, bundle.regimes.labels});
      bundles_.push_back(std::make_shared<models::Bundle>(std::move(bundle)));
    }
  }
  std::span<const BundleLabel> labels() const override { return labels_; }
  std::unique_ptr<StreamDecider> make_decider(std::size_t bundle, const std::vector<std::string>& symbols,
                                              market::ColumnSet columns) const override {
    return std::make_unique<ModelDecider>(bundles_.at(bundle), symbols, columns);
  }

 private:
  std::vector<BundleLabel> labels_;
  std::vector<std::shared_ptr<models::Bundle>> bundles_;
};

}  // namespace

std::unique_ptr<ServedBundles> load_served_bundles(const std::filesystem::path& folder) {
  std::vector<models::Bundle> bundles = models::load_bundles(folder);
  if (bundles.empty()) {
    throw InputError(folder.string() + " holds no bundle");
  }
  return std::make_unique<ModelBundles>(std::move(bundles));
}

}  // namespace regent::server
