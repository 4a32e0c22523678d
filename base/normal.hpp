#pragma once
// The standard normal law. Plain host maths in double, exact to the last bits rather than fast.

namespace regent {

// E|z| = √(2/π) of a standard normal z.
inline constexpr double normal_size_mean = 0.79788456080286535588;

double normal_cdf(double x);

// The x below which a standard normal lies with probability p in (0, 1). Bisection of erfc, no table.
double normal_quantile(double p);

}  // namespace regent
