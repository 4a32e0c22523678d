#pragma once
// A path's random numbers in long double, from the Philox words that its counter says: (path, step, draw,
// purpose), the path's upper bits beside the purpose.

#include <array>
#include <cmath>
#include <cstdint>

#include "base/philox.hpp"

namespace regent::cuda::scenario::test {

inline std::array<std::uint32_t, 4> words_of(std::uint64_t seed, std::uint64_t path, std::uint32_t step,
                                             std::uint32_t draw, Purpose purpose) {
  const auto upper = static_cast<std::uint32_t>(path >> 32) << 8 | static_cast<std::uint32_t>(purpose);
  const Philox4 bits =
      philox4x32_10({static_cast<std::uint32_t>(path), step, draw, upper}, static_cast<std::uint32_t>(seed),
                    static_cast<std::uint32_t>(seed >> 32));
  return {bits.x, bits.y, bits.z, bits.w};
}

// ⌊w/2⌋·2^−31 + 2^−32 with ⌊w/2⌋ in float, rounded to float again.
inline float unit_of(std::uint32_t word) {
  return static_cast<float>(static_cast<double>(static_cast<float>(word >> 1)) * 0x1p-31 + 0x1p-32);
}

// Box, Muller (1958): radius from one word, a point on the circle from the other, whose upper two bits choose
// the quarter.
inline std::array<long double, 2> box_muller(std::uint32_t word, std::uint32_t place) {
  const long double pi = 3.14159265358979323846264338327950288L;
  const long double radius = std::sqrt(-2 * std::log(static_cast<long double>(unit_of(word))));
  const long double within =
      static_cast<long double>(static_cast<std::int32_t>(place << 2)) * (pi / 4) / 0x1p31L;
  const long double angles[] = {within, pi - within, pi / 2 - within, within - pi / 2};
  const long double angle = angles[place >> 30];
  return {radius * std::sin(angle), radius * std::cos(angle)};
}

// Normal number `index` of a step's draw.
inline long double normal_of(std::uint64_t seed, std::uint64_t path, std::uint32_t step, std::uint32_t draw,
                             Purpose purpose, std::size_t index) {
  const auto words = words_of(seed, path, step, draw, purpose);
  return index < 2 ? box_muller(words[0], words[1])[index] : box_muller(words[2], words[3])[index - 2];
}

}  // namespace regent::cuda::scenario::test
