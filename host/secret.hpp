#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "sync/core/bytes.hpp"

/// Bytes that must not outlive their use.
namespace tram::host {

/// Owns a few secret bytes (keys, PEM of a private key) and overwrites them when it is destroyed,
/// assigned to, or moved from. Move-only, so that a copy is always somebody's decision (`clone`).
/// It does not keep the pages out of swap: the disk is expected to be encrypted. One thread at a
/// time.
class Secret {
 public:
  Secret() = default;
  /// Takes the bytes over; the vector that was moved in holds nothing afterwards.
  explicit Secret(sync::Bytes&& bytes) : bytes_(std::move(bytes)) { bytes.clear(); }
  /// Copies: the caller's own bytes are the caller's to overwrite.
  [[nodiscard]] static Secret copy_of(sync::ByteView bytes);
  [[nodiscard]] static Secret copy_of(std::string_view text);
  [[nodiscard]] static Secret zeros(std::size_t size);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret clone() const { return copy_of(view()); }
  /// Valid until this object is destroyed, moved from or assigned to.
  [[nodiscard]] sync::ByteView view() const { return bytes_; }
  [[nodiscard]] std::string_view text() const { return sync::as_text(bytes_); }
  [[nodiscard]] std::span<std::uint8_t> writable() { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  void erase() noexcept;
  sync::Bytes bytes_;
};

/// Overwrites bytes in a way that the compiler may not leave out.
void erase_bytes(std::span<std::uint8_t> bytes) noexcept;

}  // namespace tram::host
