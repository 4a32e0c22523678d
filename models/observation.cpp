#include "models/observation.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/safetensors.hpp"

namespace regent::models {
namespace {

// A spread this small beside the mean is rounding: the feature is constant.
constexpr double relative_spread_min = 1e-9;

struct Moments {
  double mean = 0, deviation = 0;
  std::size_t count = 0;
};

// Two passes, so that a large mean costs no precision.
Moments moments_of(std::span<const double> values, std::size_t feature, std::size_t features,
                   std::size_t symbols, const std::string& name) {
  const std::size_t bars = values.size() / (features * symbols);
  const auto each = [&](auto&& use) {
    for (std::size_t bar = 0; bar < bars; ++bar) {
      for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
        const double value = values[(bar * features + feature) * symbols + symbol];
        if (!std::isnan(value)) {
          use(value, bar);
        }
      }
    }
  };
  Moments m;
  double sum = 0;
  each([&](double value, std::size_t bar) {
    if (std::isinf(value)) {
      throw InputError("feature '" + name + "' is infinite at training bar " + std::to_string(bar) +
                       "; every feature must be finite or missing");
    }
    sum += value;
    ++m.count;
  });
  if (m.count == 0) {
    throw InputError("feature '" + name + "' has no value in the " + std::to_string(bars) +
                     " training bars; leave it out of features.names or give more data");
  }
  m.mean = sum / static_cast<double>(m.count);
  double squares = 0;
  each([&](double value, std::size_t) { squares += (value - m.mean) * (value - m.mean); });
  m.deviation = std::sqrt(squares / static_cast<double>(m.count));
  return m;
}

}  // namespace

void fill_observation(const ObservationLayout& layout, std::span<const float> features, float position,
                      std::span<const float> macro_posterior, std::span<const float> micro_posterior,
                      std::span<float> row) {
  REGENT_INVARIANT(features.size() == layout.features && macro_posterior.size() == layout.macros &&
                       micro_posterior.size() == layout.states && row.size() == layout.inputs(),
                   "an observation's parts must have the layout's sizes");
  auto out = std::copy(features.begin(), features.end(), row.begin());
  *out++ = position;
  out = std::copy(macro_posterior.begin(), macro_posterior.end(), out);
  std::copy(micro_posterior.begin(), micro_posterior.end(), out);
}

std::string input_name(const ObservationLayout& layout, const std::vector<std::string>& features,
                       const std::vector<std::string>& macro_labels, std::size_t index) {
  REGENT_INVARIANT(
      index < layout.inputs() && features.size() == layout.features && macro_labels.size() == layout.macros,
      "an input's index must lie in the layout");
  if (index < layout.features) {
    return features[index];
  }
  index -= layout.features;
  if (index == 0) {
    return "position";
  }
  --index;
  return index < layout.macros ? "macro." + macro_labels[index]
                               : "micro." + std::to_string(index - layout.macros);
}

Normaliser Normaliser::fit(std::span<const double> values, const std::vector<std::string>& names,
                           std::size_t symbols) {
  REGENT_INVARIANT(symbols > 0 && !names.empty() && values.size() % (names.size() * symbols) == 0,
                   "feature values must be [bars, features, symbols]");
  Normaliser normaliser;
  normaliser.names = names;
  for (std::size_t feature = 0; feature < names.size(); ++feature) {
    const Moments m = moments_of(values, feature, names.size(), symbols, names[feature]);
    const bool constant = m.deviation <= relative_spread_min * std::abs(m.mean) || m.deviation == 0;
    normaliser.means.push_back(m.mean);
    normaliser.scales.push_back(constant ? 1.0 : m.deviation);
  }
  return normaliser;
}

float Normaliser::apply(std::size_t feature, double value) const {
  if (std::isnan(value)) {
    return 0.0F;
  }
  return static_cast<float>(std::clamp((value - means[feature]) / scales[feature], -clip, clip));
}

void Normaliser::apply_bar(std::span<const double> values, std::size_t symbols, std::span<float> out) const {
  REGENT_INVARIANT(values.size() == names.size() * symbols && out.size() == values.size(),
                   "one bar of features must be [features, symbols]");
  for (std::size_t feature = 0; feature < names.size(); ++feature) {
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      out[symbol * names.size() + feature] = apply(feature, values[feature * symbols + symbol]);
    }
  }
}

void validate(const Normaliser& normaliser, const std::string& origin) {
  const std::size_t count = normaliser.names.size();
  if (count == 0 || normaliser.means.size() != count || normaliser.scales.size() != count) {
    throw InputError(origin + ": a normaliser needs one mean and one scale for each of its " +
                     std::to_string(count) + " features (at least one), found " +
                     std::to_string(normaliser.means.size()) + " and " +
                     std::to_string(normaliser.scales.size()));
  }
  if (std::set<std::string>(normaliser.names.begin(), normaliser.names.end()).size() != count) {
    throw InputError(origin + ": a feature is named twice");
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(normaliser.means[i]) || !std::isfinite(normaliser.scales[i]) ||
        normaliser.scales[i] <= 0) {
      throw InputError(origin + ": feature '" + normaliser.names[i] + "' has mean " +
                       std::to_string(normaliser.means[i]) + " and scale " +
                       std::to_string(normaliser.scales[i]) + "; both must be finite and the scale above 0");
    }
  }
}

void write_safetensors(const Normaliser& normaliser, const std::filesystem::path& file) {
  validate(normaliser, file.string());
  TensorFile tensors;
  const auto count = static_cast<std::int64_t>(normaliser.names.size());
  tensors.metadata["names"] = nlohmann::json(normaliser.names).dump();
  tensors.tensors["means"] = NamedTensor::from(std::span<const double>(normaliser.means), {count});
  tensors.tensors["scales"] = NamedTensor::from(std::span<const double>(normaliser.scales), {count});
  tensors.write(file);
}

Normaliser read_normaliser(const std::filesystem::path& file) {
  const TensorFile tensors = TensorFile::read(file);
  Normaliser normaliser;
  const auto names = tensors.metadata.find("names");
  try {
    if (names == tensors.metadata.end()) {
      throw InputError(file.string() + ": the metadata lacks 'names', a JSON list of feature names");
    }
    normaliser.names = nlohmann::json::parse(names->second).get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception& error) {
    throw InputError(file.string() +
                     ": metadata 'names' must be a JSON list of feature names: " + error.what());
  }
  if (tensors.tensors.size() != 2) {
    throw InputError(file.string() + ": must hold exactly the tensors 'means' and 'scales', found " +
                     std::to_string(tensors.tensors.size()));
  }
  const auto count = static_cast<std::int64_t>(normaliser.names.size());
  normaliser.means = tensors.f64("means", {count});
  normaliser.scales = tensors.f64("scales", {count});
  validate(normaliser, file.string());
  return normaliser;
}

}  // namespace regent::models
