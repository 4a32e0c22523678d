// torch.linalg.eigh over a batch of covariances, on all of its threads: {"seconds": […]}.
//   bench-covariance-torch SIZE COUNT BITS ROUNDS

#include <ATen/ATen.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "bench-covariance-torch SIZE COUNT BITS ROUNDS\n";
    return 2;
  }
  const long size = std::atol(argv[1]), count = std::atol(argv[2]), rounds = std::atol(argv[4]);
  at::manual_seed(20260101);
  const at::Tensor returns =
      0.01 * (at::randn({count, 2 * size, size}) + 0.5 * at::randn({count, 2 * size, 1}));
  const at::Tensor covariances = (returns.transpose(1, 2).matmul(returns) / (2 * size))
                                     .to(std::string(argv[3]) == "64" ? at::kDouble : at::kFloat)
                                     .contiguous();
  at::linalg_eigh(covariances);
  std::cout << "{\"seconds\": [";
  for (long round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    at::linalg_eigh(covariances);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::cout << (round == 0 ? "" : ", ") << taken.count();
  }
  std::cout << "]}\n";
  return 0;
}
