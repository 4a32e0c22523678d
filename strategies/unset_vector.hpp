#pragma once
// A vector whose new elements have no value yet: large results are then written once, by all threads, each
// page by the one that needs it.

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace regent::strategies {

template <class T>
struct UnsetAllocator : std::allocator<T> {
  static_assert(std::is_trivially_copyable_v<T> && std::is_aggregate_v<T>, "a value may be left out");
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  template <class U>
  void construct(U*) noexcept {}
  template <class U, class... Values>
  void construct(U* at, Values&&... values) {
    std::construct_at(at, std::forward<Values>(values)...);
  }
};

// resize(n) makes elements that must be written before they are read.
template <class T>
using UnsetVector = std::vector<T, UnsetAllocator<T>>;

}  // namespace regent::strategies
