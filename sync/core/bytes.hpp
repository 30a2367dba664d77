#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/result.hpp"

/// Bytes as values: owned (`Bytes`), seen (`ByteView`) and of fixed size (`ByteArray<N>`).
namespace tram::sync {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Bytes to_bytes(ByteView view) {
  return {view.begin(), view.end()};
}
[[nodiscard]] inline Bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Accepts lower and upper case; odd lengths and other characters are `malformed`.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// A fixed-size array from a view of exactly N bytes; any other size is `malformed`.
template <std::size_t N>
[[nodiscard]] Result<ByteArray<N>> to_array(ByteView bytes) {
  if (bytes.size() != N) return fail(ErrorCode::malformed, "wrong number of bytes");
  ByteArray<N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace tram::sync
