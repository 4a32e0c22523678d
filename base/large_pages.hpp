#pragma once
// Large new arrays in large pages: most of the time that they take goes into making their pages.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace regent {

// Asks for large pages where the system has some. What it answers does not matter: small ones do as well.
inline void ask_for_large_pages(const void* memory, std::size_t bytes) {
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + page - 1) / page * page, end = (begin + bytes) / page * page;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace regent
