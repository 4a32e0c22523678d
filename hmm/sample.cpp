#include "hmm/sample.hpp"

#include <tbb/parallel_for.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace regent::hmm {
namespace {

// What one bar of one path draws its numbers from. draw: 0 state and component, 1… normals, 1000… gamma.
struct Draws {
  Random random;
  std::uint32_t path, bar;
  Philox4 bits(std::uint32_t draw) const { return random.bits(path, bar, draw, Purpose::hmm_sample); }
};

struct Pair {
  double first, second;
};

Pair uniforms(const Draws& draws, std::uint32_t draw) {
  const Philox4 bits = draws.bits(draw);
  return {uniform_from_bits(bits.x, bits.y), uniform_from_bits(bits.z, bits.w)};
}

Pair normals(const Draws& draws, std::uint32_t draw) {
  const Pair u = uniforms(draws, draw);
  const double radius = std::sqrt(-2 * std::log(u.first)), angle = 2 * M_PI * u.second;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Gamma(shape, 1).
double gamma(const Draws& draws, double shape) {
  constexpr std::uint32_t first_draw = 1000;
  const double boosted = shape < 1 ? shape + 1 : shape;
  const double d = boosted - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (std::uint32_t attempt = 0;; ++attempt) {
    const double x = normals(draws, first_draw + 2 * attempt).first;
    const Pair u = uniforms(draws, first_draw + 2 * attempt + 1);
    const double v = std::pow(1 + c * x, 3);
    if (!(v > 0) || !(std::log(u.first) < 0.5 * x * x + d - d * v + d * std::log(v))) continue;
    return shape < 1 ? d * v * std::pow(u.second, 1 / shape) : d * v;
  }
}

int draw_from(const double* law, int size, double u) {
  double seen = 0;
  int last = 0;
  for (int i = 0; i < size; ++i) {
    if (!(law[i] > 0)) continue;
    seen += law[i];
    last = i;
    if (u < seen) return i;
  }
  return last;  // rounding left the draw beyond the end
}

class Sampler {
 public:
  Sampler(const Model& model, std::span<const double> first)
      : model_(model),
        first_(first.empty() ? model.flat_start() : std::vector<double>(first.begin(), first.end())),
        transition_(model.flat_transition()) {
    const int dimension = model.dimension();
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    for (int part = 0; part < model.states() * model.components; ++part) {
      const Eigen::Map<const Matrix> covariance(
          &model.covariances[static_cast<std::size_t>(part) * dimension * dimension], dimension, dimension);
      factors_.emplace_back(covariance.llt().matrixL());
    }
  }

  SamplePath path(std::uint64_t seed, std::uint32_t path, std::int64_t bars) const {
    SamplePath result;
    for (std::int64_t bar = 0; bar < bars; ++bar) {
      const Draws draws{{seed}, path, static_cast<std::uint32_t>(bar)};
      const Pair u = uniforms(draws, 0);
      const int states = model_.states();
      const double* law = bar == 0 ? first_.data() : &transition_[result.states.back() * states];
      result.states.push_back(draw_from(law, states, u.first));
      observe(draws, u.second, result);
    }
    return result;
  }

 private:
  void observe(const Draws& draws, double u, SamplePath& path) const {
    const int dimension = model_.dimension(), state = path.states.back();
    int part = state * model_.components;
    if (model_.emission == EmissionKind::mixture)
      part += draw_from(&model_.mixture_weights[part], model_.components, u);
    Eigen::VectorXd noise(dimension);
    for (int d = 0; d < dimension; d += 2) {
      const Pair z = normals(draws, 1 + d / 2);
      noise(d) = z.first;
      if (d + 1 < dimension) noise(d + 1) = z.second;
    }
    noise = factors_[part] * noise;
    if (model_.emission == EmissionKind::student_t) {
      const double half = 0.5 * model_.dof[state];
      noise *= std::sqrt(half / gamma(draws, half));
    }
    for (int d = 0; d < dimension; ++d)
      path.observations.push_back(model_.means[part * dimension + d] + noise(d));
  }

  const Model& model_;
  std::vector<double> first_, transition_;
  std::vector<Eigen::MatrixXd> factors_;
};

void check_law(const Model& model, std::span<const double> first) {
  double sum = 0;
  bool fine = first.empty() || first.size() == static_cast<std::size_t>(model.states());
  for (double p : first) {
    fine = fine && p >= 0;
    sum += p;
  }
  if (!fine || (!first.empty() && std::abs(sum - 1) > 1e-6)) {
    throw InputError("regime sample: the first bar's law has " + std::to_string(first.size()) +
                     " probabilities that sum to " + std::to_string(sum) + "; " +
                     std::to_string(model.states()) + " that are at least 0 and sum to 1 are needed");
  }
}

}  // namespace

std::vector<SamplePath> sample(const Model& model, std::int64_t bars, int paths, std::uint64_t seed,
                               std::span<const double> first) {
  validate(model, "regime sample");
  check_law(model, first);
  if (bars < 1 || bars > std::numeric_limits<std::uint32_t>::max() || paths < 1) {
    throw InputError("regime sample: " + std::to_string(paths) + " paths of " + std::to_string(bars) +
                     " bars; at least 1 path of 1 to 4294967295 bars is needed");
  }
  const Sampler sampler(model, first);
  std::vector<SamplePath> result(paths);
  tbb::parallel_for(
      0, paths, [&](int path) { result[path] = sampler.path(seed, static_cast<std::uint32_t>(path), bars); });
  return result;
}

}  // namespace regent::hmm
