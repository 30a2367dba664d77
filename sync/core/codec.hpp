#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// The primitives of every byte format of ours (schema/ledger.md, schema/wire.md): minimal LEB128
/// varints, length-prefixed strings, fixed arrays. Encoding is canonical: one value, one encoding.
namespace tram::sync {

/// Appends to an owned buffer. Cannot fail.
class Writer {
 public:
  void u8(std::uint8_t value) { out_.push_back(value); }
  void varint(std::uint64_t value);
  /// Zigzag: small magnitudes stay short, whatever their sign.
  void zigzag(std::int64_t value);
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void bytes(ByteView bytes);
  void string(std::string_view text) { bytes(as_bytes(text)); }

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] ByteView view() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

/// Reads foreign bytes. The first thing that does not fit makes the reader fail for good: every
/// later read gives an empty value, and `finish()` says what was wrong and where. So a parser reads
/// on without an `if` a line and checks once, before it uses anything. No read allocates more than
/// is left.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  std::uint8_t u8();
  /// Refuses non-minimal encodings and values above `max`.
  std::uint64_t varint(std::uint64_t max = UINT64_MAX);
  std::int64_t zigzag();
  ByteView raw(std::size_t count);
  /// A length-prefixed run of at most `max` bytes.
  ByteView bytes(std::size_t max);
  std::string string(std::size_t max) { return std::string(as_text(bytes(max))); }
  template <std::size_t N>
  ByteArray<N> array() {
    ByteArray<N> out{};
    const ByteView view = raw(N);
    if (view.size() == N) std::copy(view.begin(), view.end(), out.begin());
    return out;
  }
  /// A count of elements, at most `max`, and never more than the bytes left can hold when an
  /// element takes `element_bytes_min` at least.
  std::size_t count(std::size_t max, std::size_t element_bytes_min);

  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool failed() const { return why_ != nullptr; }
  /// Marks the bytes as broken for a reason that only the caller can see. `why` is a literal.
  void refuse(const char* why);
  /// `malformed` if anything failed, or if bytes are left over. `what` names the thing that was
  /// read.
  [[nodiscard]] Status finish(std::string_view what) const;

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
  const char* why_ = nullptr;
};

}  // namespace tram::sync
