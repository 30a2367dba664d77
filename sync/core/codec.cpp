#include "sync/core/codec.hpp"

namespace tram::sync {

void Writer::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out_.push_back(static_cast<std::uint8_t>(value));
}

void Writer::zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1U) ^ (value < 0 ? UINT64_MAX : 0));
}

void Writer::bytes(ByteView bytes) {
  varint(bytes.size());
  raw(bytes);
}

void Reader::refuse(const char* why) {
  if (why_ == nullptr) why_ = why;
}

std::uint8_t Reader::u8() {
  const ByteView one = raw(1);
  return one.empty() ? std::uint8_t{0} : one[0];
}

std::uint64_t Reader::varint(std::uint64_t max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (failed()) return 0;
    const std::uint64_t part = byte & 0x7fU;
    if (shift == 63 && part > 1) break;
    value |= part << shift;
    if ((byte & 0x80U) == 0) {
      if (byte == 0 && shift != 0) {
        refuse("a number is not in its shortest form");
        return 0;
      }
      if (value > max) {
        refuse("a number is above its limit");
        return 0;
      }
      return value;
    }
  }
  refuse("a number does not fit in 64 bits");
  return 0;
}

std::int64_t Reader::zigzag() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>((value >> 1U) ^ ((value & 1U) != 0 ? UINT64_MAX : 0));
}

ByteView Reader::raw(std::size_t count) {
  if (failed()) return {};
  if (count > left()) {
    refuse("the bytes end too early");
    return {};
  }
  const ByteView view = bytes_.subspan(at_, count);
  at_ += count;
  return view;
}

ByteView Reader::bytes(std::size_t max) {
  const std::uint64_t size = varint();
  if (size > max) refuse("a length is above its limit");
  return failed() ? ByteView{} : raw(static_cast<std::size_t>(size));
}

std::size_t Reader::count(std::size_t max, std::size_t element_bytes_min) {
  const std::uint64_t count = varint();
  if (failed()) return 0;
  if (count > max) {
    refuse("a count is above its limit");
  } else if (element_bytes_min != 0 && count > left() / element_bytes_min) {
    refuse("a count is larger than the bytes that follow");
  }
  return failed() ? 0 : static_cast<std::size_t>(count);
}

Status Reader::finish(std::string_view what) const {
  if (why_ != nullptr) {
    return fail(ErrorCode::malformed,
                std::string(what) + ": " + why_ + " (byte " + std::to_string(at_) + ")");
  }
  if (left() != 0) return fail(ErrorCode::malformed, std::string(what) + ": trailing bytes");
  return {};
}

}  // namespace tram::sync
