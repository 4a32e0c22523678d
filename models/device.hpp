#pragma once
// Where torch computes. libtorch_cuda is not linked: it is loaded here, and only on a machine with a CUDA
// driver, so that one program serves machines with and without a GPU.

#include <string>

namespace regent::models {

struct TorchDevice {
  bool cuda = false;
  std::string description;                                      // "cpu, 2 threads" or "cuda:0"
  std::string name() const { return cuda ? "cuda:0" : "cpu"; }  // what torch::Device's constructor takes
};

// device: runtime.device, "auto" (CUDA when driver, GPU and libtorch_cuda are there), "cpu" or "cuda".
// threads: runtime.threads, 0: all cores. Sets torch's thread counts and its deterministic algorithms for the
// whole process; call it once, before any tensor exists, from the main thread. Throws InputError when "cuda"
// cannot be had, saying why.
TorchDevice choose_torch_device(const std::string& device, int threads);

}  // namespace regent::models
