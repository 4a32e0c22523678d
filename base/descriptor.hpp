#pragma once
// An open file of the system, closed with its owner.

#include <unistd.h>

#include <utility>

namespace regent {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }
  // Some file systems report a lost write only here.
  int close() { return ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

}  // namespace regent
