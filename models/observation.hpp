#pragma once
// What a policy sees for one symbol, in this order:
//   features [F] normalised, position [1] (the conviction that it decided last, in [-1, 1]),
//   macro posterior [M], micro posterior [K].
// Missing features become the mean (0 after normalisation) and a symbol without a price is not traded. No
// torch here.

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

// One row of `inputs()` floats from its parts. REQUIRES spans of the layout's sizes.
void fill_observation(const ObservationLayout& layout, std::span<const float> features, float position,
                      std::span<const float> macro_posterior, std::span<const float> micro_posterior,
                      std::span<float> row);
// Name of input `index`: a feature, "position", "macro.<label>" or "micro.<number>".
std::string input_name(const ObservationLayout& layout, const std::vector<std::string>& features,
                       const std::vector<std::string>& macro_labels, std::size_t index);

// Mean and standard deviation per feature over the training bars only; part of the bundle.
struct Normaliser {
  std::vector<std::string> names;     // [F]
  std::vector<double> means, scales;  // [F], scales > 0
  static constexpr double clip = 5;   // in standard deviations

  // values: [bars, features, symbols], NaN skipped. A constant feature gets scale 1. Throws InputError for an
  // infinite value (naming feature and bar) and for a feature without any value.
  static Normaliser fit(std::span<const double> values, const std::vector<std::string>& names,
                        std::size_t symbols);
  float apply(std::size_t feature, double value) const;  // NaN → 0
  // values [features, symbols] of one bar → out [symbols, features].
  void apply_bar(std::span<const double> values, std::size_t symbols, std::span<float> out) const;
};

// Shapes, finiteness, scales > 0, unique names. Throws InputError naming the table.
void validate(const Normaliser& normaliser, const std::string& origin);

void write_safetensors(const Normaliser& normaliser, const std::filesystem::path& file);
Normaliser read_normaliser(const std::filesystem::path& file);  // validated

}  // namespace regent::models
