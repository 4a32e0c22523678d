#include <cmath>

#include "base/normal.hpp"
#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario {

double log_mean_of(const OwnVolatility& volatility) {
  constexpr double negligible = 1e-8;  // a term is about its square
  double sum = 0;
  for (double a = volatility.response; a > negligible; a *= volatility.persistence)
    sum += a * a / 2 + std::log(2 * normal_cdf(a)) - a * normal_size_mean;
  return sum;
}

}  // namespace regent::cuda::scenario
