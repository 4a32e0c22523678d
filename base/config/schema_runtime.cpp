#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> runtime_keys() {
  return {
      {"runtime.device",
       ValueType::text,
       "\"auto\"",
       "",
       "Where tensors and kernels live; auto takes a GPU when there is one.",
       {},
       {},
       {"auto", "cpu", "cuda"}},
      {"runtime.threads",
       ValueType::integer,
       "0",
       "threads",
       "Threads for parallel work; 0 takes every core.",
       0,
       4096,
       {}},
      {"runtime.seed",
       ValueType::integer,
       "1",
       "",
       "The one seed behind every random number; equal seeds give equal runs.",
       0,
       {},
       {}},
  };
}

}  // namespace regent
