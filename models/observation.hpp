#pragma once
// What a policy sees for one symbol, in this order:
//   features [F] normalised, position [1] (the conviction that it decided last, in [-1, 1]),
//   macro posterior [M], micro posterior [K].
// Missing features become the mean (0 after normalisation) and a symbol without a price is not traded. No torch here.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace regent::models {

struct ObservationLayout {
  std::size_t features = 0, macros = 0, states = 0;
  std::size_t inputs() const { return features + 1 + macros + states; }
};

// Mean and standard deviation per feature over the training bars only; part of the bundle.
struct Normaliser {
  std::vector<std::string> names;     // [F]
  std::vector<double> means, scales;  // [F], scales > 0
  static constexpr double clip = 5;   // in standard deviations

  // values: [bars, features, symbols], NaN skipped. A constant feature gets scale 1.
  static Normaliser fit(std::span<const double> values, const std::vector<std::string>& names, std::size_t symbols);
  float apply(std::size_t feature, double value) const;  // NaN → 0
};

void write_safetensors(const Normaliser& normaliser, const std::filesystem::path& file);
Normaliser read_normaliser(const std::filesystem::path& file);

}  // namespace regent::models
