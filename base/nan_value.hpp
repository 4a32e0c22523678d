#pragma once
// In panels, series and results a NaN stands for a value that is not there.

#include <limits>

namespace regent {

inline constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

}  // namespace regent
