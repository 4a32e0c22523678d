#pragma once
// The simplex search of Nelder and Mead (1965).

#include <algorithm>
#include <array>

namespace regent::scenario {

// The point with the least value that is found from `start` and the points 0.7 beyond it along each axis.
// value(point) may be infinite, but not NaN. Ends when the simplex' values lie within 1e-4, or after 400
// rounds.
template <std::size_t dimension, class Value>
std::array<double, dimension> nelder_mead(const std::array<double, dimension>& start, const Value& value) {
  constexpr int iterations_max = 400;
  using Point = std::array<double, dimension>;
  struct Vertex {
    Point at;
    double value;
  };
  std::array<Vertex, dimension + 1> simplex{};
  simplex.fill({start, 0});
  for (std::size_t i = 0; i < dimension; ++i) simplex[i + 1].at[i] += 0.7;
  for (Vertex& vertex : simplex) vertex.value = value(vertex.at);
  for (int iteration = 0; iteration < iterations_max; ++iteration) {
    std::sort(simplex.begin(), simplex.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    Vertex& worst = simplex.back();
    if (worst.value - simplex.front().value < 1e-4) break;
    Point centre{};
    for (std::size_t v = 0; v < dimension; ++v) {
      for (std::size_t i = 0; i < dimension; ++i)
        centre[i] += simplex[v].at[i] / static_cast<double>(dimension);
    }
    const auto along = [&](double step) {
      Point at;
      for (std::size_t i = 0; i < dimension; ++i) at[i] = centre[i] + step * (worst.at[i] - centre[i]);
      return Vertex{at, value(at)};
    };
    const Vertex reflected = along(-1);
    if (reflected.value < simplex.front().value) {
      const Vertex expanded = along(-2);
      worst = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[dimension - 1].value) {
      worst = reflected;
    } else if (const Vertex contracted = along(0.5); contracted.value < worst.value) {
      worst = contracted;
    } else {
      for (std::size_t v = 1; v <= dimension; ++v) {
        for (std::size_t i = 0; i < dimension; ++i)
          simplex[v].at[i] = (simplex[v].at[i] + simplex[0].at[i]) / 2;
        simplex[v].value = value(simplex[v].at);
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(),
                          [](const auto& a, const auto& b) { return a.value < b.value; })
      ->at;
}

}  // namespace regent::scenario
