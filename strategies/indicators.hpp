#pragma once
// The columns that trading rules compare, as cuda/trading/indicators.hpp makes them.

#include <cstdint>

#include "cuda/trading/indicators.hpp"

namespace regent::strategies {

using cuda::sweep::ColumnKey;
using cuda::sweep::Indicator;
using cuda::sweep::PriceSeries;

// Bars before the first value.
std::int64_t warm_up_bars(const ColumnKey& key);
bool needs_volume(Indicator indicator);

}  // namespace regent::strategies
