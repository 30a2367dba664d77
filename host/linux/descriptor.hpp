#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "sync/core/result.hpp"

/// A file descriptor that closes itself, and the system's errors in our words. Internal to
/// host/linux.
namespace tram::host {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      value_ = std::exchange(other.value_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool valid() const { return value_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(value_, -1); }
  void close() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }

 private:
  int value_ = -1;
};

/// The error in errno (pass it: anything called in between may change it), with what was attempted.
[[nodiscard]] inline sync::Error system_error(int number, const std::string& what) {
  sync::ErrorCode code = sync::ErrorCode::io;
  if (number == ENOENT || number == ENOTDIR) code = sync::ErrorCode::not_found;
  if (number == EACCES || number == EPERM || number == ELOOP) code = sync::ErrorCode::refused;
  return {code, what + ": " + std::generic_category().message(number)};
}

}  // namespace tram::host
