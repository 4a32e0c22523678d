// Every feature of every family, in one order that never depends on the machine.

#include <algorithm>
#include <iterator>

#include "base/error.hpp"
#include "market/features/feature.hpp"

namespace regent::market {

namespace {

std::vector<Feature> collect() {
  std::vector<Feature> features;
  for (const auto family :
       {return_features, volatility_features, oscillator_features, bar_shape_features, volume_features,
        trend_features, distribution_features, rank_features, market_model_features}) {
    auto members = family();
    std::ranges::move(members, std::back_inserter(features));
  }
  for (const auto& feature : features) {
    const bool one_body = static_cast<bool>(feature.body) != static_cast<bool>(feature.whole_bar);
    const auto same_name = [&](const Feature& other) { return other.spec.name == feature.spec.name; };
    REGENT_INVARIANT(one_body && std::ranges::count_if(features, same_name) == 1,
                     "feature " + feature.spec.name + " must be declared once, with one body");
  }
  return features;
}

std::vector<FeatureSpec> collect_specs() {
  std::vector<FeatureSpec> specs;
  for (const auto& feature : all_features()) specs.push_back(feature.spec);
  return specs;
}

}  // namespace

const std::vector<Feature>& all_features() {
  static const std::vector<Feature> features = collect();
  return features;
}

std::span<const FeatureSpec> feature_catalogue() {
  static const std::vector<FeatureSpec> specs = collect_specs();
  return specs;
}

const FeatureSpec* find_feature(std::string_view name) {
  const auto specs = feature_catalogue();
  const auto found = std::ranges::find(specs, name, &FeatureSpec::name);
  return found == specs.end() ? nullptr : &*found;
}

std::vector<std::string> available_features(ColumnSet columns, std::vector<std::string>* left_out) {
  std::vector<std::string> available;
  for (const auto& spec : feature_catalogue()) {
    std::string missing;
    for (const Column column : spec.needs) {
      if (columns.has(column)) continue;
      missing += (missing.empty() ? "" : ", ") + std::string(column_names[static_cast<std::size_t>(column)]);
    }
    if (missing.empty()) {
      available.push_back(spec.name);
    } else if (left_out != nullptr) {
      left_out->push_back(spec.name + ": needs " + missing);
    }
  }
  return available;
}

}  // namespace regent::market
