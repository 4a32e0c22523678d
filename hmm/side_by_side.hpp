#pragma once
// EM in parts: each is a loop of its own over E-step and M-step, so that the device works for some while the
// host works for others.

#include <future>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::hmm {

// How many parts keep a GPU and its host busy; the CPU's E-step has all cores already.
inline int parts_for(const cuda::Resources& resources) {
  return resources.gpu() != nullptr ? 4 : 1;
}

// Calls body(part) for every part, each in a thread of its own, and rethrows what one of them threw. Not as
// tasks of a pool: one that waits for its device could not give its thread to another for the time.
template <class Body>
void side_by_side(int parts, const Body& body) {
  if (parts == 1) return body(0);
  std::vector<std::future<void>> others;
  for (int part = 0; part < parts; ++part)
    others.push_back(std::async(std::launch::async, [&body, part] { body(part); }));
  for (std::future<void>& other : others) other.wait();
  for (std::future<void>& other : others) other.get();
}

}  // namespace regent::hmm
