#pragma once
// Memory of CUDA's that belongs to an object, without values at first. For .cu files only.

#include <cstddef>
#include <utility>

#include "cuda/runtime/check.cuh"

namespace regent::cuda {

// Kind: take(void**, bytes), which throws, and give_back(void*).
template <class T, class Kind>
class OwnedMemory {
 public:
  OwnedMemory() = default;
  explicit OwnedMemory(std::size_t count) : count_(count) {
    if (count_ > 0) Kind::take(reinterpret_cast<void**>(&data_), count_ * sizeof(T));
  }
  OwnedMemory(OwnedMemory&& other) noexcept { swap(other); }
  OwnedMemory& operator=(OwnedMemory&& other) noexcept {
    OwnedMemory(std::move(other)).swap(*this);
    return *this;
  }
  ~OwnedMemory() {
    if (data_ != nullptr) Kind::give_back(data_);
  }

  T* data() const { return data_; }
  std::size_t size() const { return count_; }

 private:
  void swap(OwnedMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace regent::cuda
