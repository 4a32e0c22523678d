#pragma once
// When two laws of one bar, or two β, count as the same: then what was before no longer matters.

namespace regent::cuda::hmm {

// Of entries, relative to each.
template <class T>
inline constexpr double merged = sizeof(T) == 4 ? 5e-6 : 1e-12;
// Entries below are as good as zero: the format's smallest numbers are not far.
template <class T>
inline constexpr double negligible = sizeof(T) == 4 ? 1e-30 : 1e-280;

}  // namespace regent::cuda::hmm
