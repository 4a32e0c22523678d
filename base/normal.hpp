#pragma once
// The standard normal law. Plain host maths in double, exact to the last bits rather than fast.

namespace regent {

double normal_cdf(double x);

// The x below which a standard normal lies with probability p in (0, 1). Bisection of erfc, no table.
double normal_quantile(double p);

}  // namespace regent
