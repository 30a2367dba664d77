#include "host/secret.hpp"

#include <openssl/crypto.h>

namespace tram::host {

void erase_bytes(std::span<std::uint8_t> bytes) noexcept {
  if (!bytes.empty()) OPENSSL_cleanse(bytes.data(), bytes.size());
}

Secret Secret::copy_of(sync::ByteView bytes) {
  return Secret(sync::to_bytes(bytes));
}

Secret Secret::copy_of(std::string_view text) {
  return copy_of(sync::as_bytes(text));
}

Secret Secret::zeros(std::size_t size) {
  return Secret(sync::Bytes(size));
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {
  other.bytes_.clear();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    erase();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

Secret::~Secret() {
  erase();
}

void Secret::erase() noexcept {
  erase_bytes(bytes_);
}

}  // namespace tram::host
