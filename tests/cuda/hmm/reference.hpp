#pragma once
// An independent reference for hidden Markov models: every one of the K^T paths, in double, from the flat law
// and plain formulas. It shares no code with the compute layer.

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace regent::cuda::hmm::reference {

// A hierarchy with its Gaussian or Student-t emissions, written the long way.
struct Hierarchy {
  int macros = 1, micros = 1, dimension = 1;
  std::vector<double> macro_start, macro_transition, micro_start, micro_transition, micro_exit;
  std::vector<double> means;        // [K, D]
  std::vector<double> covariances;  // [K, D, D]
  std::vector<double> dof;          // [K] of Student-t emissions, whose scale matrices are `covariances`
  int states() const { return macros * micros; }
};

// A flat chain whose emissions come from a table.
inline Hierarchy discrete(std::vector<double> start, std::vector<double> transition) {
  Hierarchy h;
  h.micros = static_cast<int>(start.size());
  h.macro_start = h.macro_transition = {1};
  h.micro_start = std::move(start);
  h.micro_transition = std::move(transition);
  h.micro_exit.assign(h.micros, 0);
  h.means.assign(h.micros, 0);
  h.covariances.assign(h.micros, 1);
  return h;
}

struct Answers {
  double log_likelihood = 0;
  std::vector<double> posteriors;   // [T, K] given everything
  std::vector<double> filtered;     // [T, K] given what came before, and the bar itself
  std::vector<double> transitions;  // [K, K] expected, summed over time
  std::vector<int> best_path;       // the lowest in lexical order from the last bar backwards when tied
  double best_log_probability = -std::numeric_limits<double>::infinity();
};

inline std::vector<double> flat_start(const Hierarchy& h) {
  std::vector<double> flat;
  for (int i = 0; i < h.macros; ++i) {
    for (int j = 0; j < h.micros; ++j) flat.push_back(h.macro_start[i] * h.micro_start[i * h.micros + j]);
  }
  return flat;
}

// P((i,j) → (i',j')) as the model's definition says.
inline std::vector<double> flat_transition(const Hierarchy& h) {
  std::vector<double> flat;
  for (int i = 0; i < h.macros; ++i) {
    for (int j = 0; j < h.micros; ++j) {
      const double exit = h.micro_exit[i * h.micros + j];
      for (int i2 = 0; i2 < h.macros; ++i2) {
        for (int j2 = 0; j2 < h.micros; ++j2) {
          double p = exit * h.macro_transition[i * h.macros + i2] * h.micro_start[i2 * h.micros + j2];
          if (i == i2) p += (1 - exit) * h.micro_transition[(i * h.micros + j) * h.micros + j2];
          flat.push_back(p);
        }
      }
    }
  }
  return flat;
}

// Of the present part of a bar; NaN is missing. By Gaussian elimination with pivoting.
struct Present {
  int count = 0;
  long double quadratic = 0, log_determinant = 0;
};
inline Present present(const Hierarchy& h, int state, const double* x);

inline long double log_gamma(long double x) {
  int sign = 0;
  return lgammal_r(x, &sign);
}

inline double log_density(const Hierarchy& h, int state, const double* x) {
  const Present part = present(h, state, x);
  if (h.dof.empty()) {
    return static_cast<double>(-0.5L *
                               (part.quadratic + part.log_determinant + part.count * std::log(2 * M_PIl)));
  }
  const long double dof = h.dof[state], total = dof + part.count;
  return static_cast<double>(log_gamma(total / 2) - log_gamma(dof / 2) - 0.5L * part.log_determinant -
                             0.5L * part.count * std::log(dof * M_PIl) -
                             0.5L * total * std::log(1 + part.quadratic / dof));
}

inline Present present(const Hierarchy& h, int state, const double* x) {
  std::vector<int> here;
  for (int d = 0; d < h.dimension; ++d) {
    if (!std::isnan(x[d])) here.push_back(d);
  }
  const int n = static_cast<int>(here.size());
  std::vector<long double> a(n * (n + 1));
  std::vector<long double> difference(n);
  for (int r = 0; r < n; ++r) {
    difference[r] = static_cast<long double>(x[here[r]]) - h.means[state * h.dimension + here[r]];
    for (int c = 0; c < n; ++c) {
      a[r * (n + 1) + c] = h.covariances[(state * h.dimension + here[r]) * h.dimension + here[c]];
    }
    a[r * (n + 1) + n] = difference[r];
  }
  long double log_determinant = 0;
  for (int p = 0; p < n; ++p) {
    int pivot = p;
    for (int r = p + 1; r < n; ++r) {
      if (std::abs(a[r * (n + 1) + p]) > std::abs(a[pivot * (n + 1) + p])) pivot = r;
    }
    for (int c = 0; c <= n; ++c) std::swap(a[p * (n + 1) + c], a[pivot * (n + 1) + c]);
    log_determinant += std::log(std::abs(a[p * (n + 1) + p]));
    for (int r = 0; r < n; ++r) {
      if (r == p) continue;
      const long double factor = a[r * (n + 1) + p] / a[p * (n + 1) + p];
      for (int c = p; c <= n; ++c) a[r * (n + 1) + c] -= factor * a[p * (n + 1) + c];
    }
  }
  long double quadratic = 0;
  for (int r = 0; r < n; ++r) quadratic += difference[r] * a[r * (n + 1) + n] / a[r * (n + 1) + r];
  return {n, quadratic, log_determinant};
}

inline std::vector<double> log_densities(const Hierarchy& h, const std::vector<double>& series) {
  std::vector<double> table;
  for (std::size_t t = 0; t < series.size() / h.dimension; ++t) {
    for (int k = 0; k < h.states(); ++k) table.push_back(log_density(h, k, &series[t * h.dimension]));
  }
  return table;
}

// table: [T, K] log densities. Visits all K^T paths.
inline Answers enumerate(const std::vector<double>& start, const std::vector<double>& transition,
                         const std::vector<double>& table, int states) {
  const int steps = static_cast<int>(table.size()) / states;
  Answers answers;
  answers.posteriors.assign(table.size(), 0);
  answers.filtered.assign(table.size(), 0);
  answers.transitions.assign(states * states, 0);
  double shift = -std::numeric_limits<double>::infinity();
  std::vector<std::vector<int>> paths;
  std::vector<double> logs;
  for (int upto = 1; upto <= steps; ++upto) {  // prefixes give the filter, the whole gives the rest
    std::vector<int> path(upto, 0);
    paths.clear();
    logs.clear();
    while (true) {
      double value = std::log(start[path[0]]) + table[path[0]];
      for (int t = 1; t < upto; ++t) {
        value += std::log(transition[path[t - 1] * states + path[t]]) + table[t * states + path[t]];
      }
      paths.push_back(path);
      logs.push_back(value);
      int digit = 0;
      while (digit < upto && ++path[digit] == states) path[digit++] = 0;
      if (digit == upto) break;
    }
    shift = -std::numeric_limits<double>::infinity();
    for (double value : logs) shift = std::max(shift, value);
    double total = 0;
    for (double value : logs) total += std::exp(value - shift);
    for (std::size_t p = 0; p < paths.size(); ++p) {
      answers.filtered[(upto - 1) * states + paths[p].back()] += std::exp(logs[p] - shift) / total;
    }
    if (upto < steps) continue;
    answers.log_likelihood = shift + std::log(total);
    for (std::size_t p = 0; p < paths.size(); ++p) {
      const double weight = std::exp(logs[p] - shift) / total;
      for (int t = 0; t < steps; ++t) answers.posteriors[t * states + paths[p][t]] += weight;
      for (int t = 1; t < steps; ++t) answers.transitions[paths[p][t - 1] * states + paths[p][t]] += weight;
      if (logs[p] > answers.best_log_probability) {
        answers.best_log_probability = logs[p];
        answers.best_path = paths[p];
      }
    }
  }
  return answers;
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  double normal() { return std::normal_distribution<double>()(engine_); }
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  std::vector<double> row(int size, int zero_at = -1) {
    std::vector<double> values(size);
    double sum = 0;
    for (int i = 0; i < size; ++i) sum += values[i] = i == zero_at ? 0 : uniform(0.05, 1);
    for (double& value : values) value /= sum;
    return values;
  }
  Hierarchy hierarchy(int macros, int micros, int dimension, bool macro_self = false) {
    Hierarchy h;
    h.macros = macros;
    h.micros = micros;
    h.dimension = dimension;
    const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    h.macro_start = row(macros);
    for (int i = 0; i < macros; ++i) {
      append(h.macro_transition, macros == 1 ? std::vector<double>{1.0} : row(macros, macro_self ? -1 : i));
      append(h.micro_start, row(micros));
      for (int j = 0; j < micros; ++j) {
        append(h.micro_transition, row(micros));
        h.micro_exit.push_back(macros == 1 ? 0 : uniform(0.02, 0.6));
      }
    }
    for (int k = 0; k < macros * micros; ++k) {
      std::vector<double> factor(dimension * dimension);
      for (double& value : factor) value = 0.5 * normal();
      for (int d = 0; d < dimension; ++d) h.means.push_back(1.5 * normal());
      for (int r = 0; r < dimension; ++r) {
        for (int c = 0; c < dimension; ++c) {
          double value = r == c ? 0.2 : 0;
          for (int e = 0; e < dimension; ++e) value += factor[r * dimension + e] * factor[c * dimension + e];
          h.covariances.push_back(value);
        }
      }
    }
    return h;
  }
  // The same hierarchy with Student-t emissions, from heavy tails to nearly none.
  Hierarchy student(Hierarchy h) {
    h.dof.clear();
    for (int k = 0; k < h.states(); ++k) h.dof.push_back(k % 4 == 3 ? 200 : uniform(1, 9));
    return h;
  }
  // Bars near the states' means, each value missing with probability `missing`, some whole bars too.
  std::vector<double> series(const Hierarchy& h, int steps, double missing) {
    std::vector<double> values;
    for (int t = 0; t < steps; ++t) {
      const int state = integer(0, h.states() - 1);
      const bool whole = uniform(0, 1) < missing / 2;
      for (int d = 0; d < h.dimension; ++d) {
        const double value = h.means[state * h.dimension + d] + normal();
        values.push_back(whole || uniform(0, 1) < missing ? std::nan("") : value);
      }
    }
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

// Hardly ever moves, and the bars say next to nothing about where it is.
inline Hierarchy hardly_forgetting(Generator& generator) {
  Hierarchy h = generator.hierarchy(1, 3, 1);
  h.micro_transition = {1 - 1e-9, 1e-9, 0, 0, 1, 0, 0, 1e-9, 1 - 1e-9};
  h.means = {0, 0.001, 0.002};
  h.covariances = {1, 1.0001, 0.9999};
  return h;
}

}  // namespace regent::cuda::hmm::reference
