#include "sync/ledger/value.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/core/codec.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

Bytes encode_text(std::string_view text) {
  return to_bytes(text);
}

Bytes encode_integer(std::int64_t value) {
  Writer out;
  out.zigzag(value);
  return out.take();
}

Bytes encode_boolean(bool value) {
  return {static_cast<std::uint8_t>(value ? 1 : 0)};
}

Bytes encode_status(const StatusValue& status) {
  Writer out;
  out.u8(status.rank);
  out.u8(status.final ? 1 : 0);
  out.raw(as_bytes(status.word));
  return out.take();
}

Bytes encode_element(std::vector<Attribute> attributes) {
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.number < b.number; });
  Writer out;
  out.varint(attributes.size());
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const Attribute& attribute = attributes[i];
    TRAM_ASSERT(i == 0 || attributes[i - 1].number < attribute.number);
    out.varint(attribute.number);
    out.u8(static_cast<std::uint8_t>(attribute.type));
    out.bytes(attribute.value);
  }
  return out.take();
}

Result<std::int64_t> decode_integer(ByteView bytes) {
  Reader in(bytes);
  const std::int64_t value = in.zigzag();
  if (const Status done = in.finish("integer"); !done) return fail(done.error());
  return value;
}

Result<bool> decode_boolean(ByteView bytes) {
  if (bytes.size() != 1 || bytes[0] > 1) return fail(ErrorCode::malformed, "boolean: not 0 or 1");
  return bytes[0] == 1;
}

Result<StatusValue> decode_status(ByteView bytes) {
  if (bytes.size() < 2 || bytes[1] > 1 || bytes.size() > 2 + limits::status_word_bytes_max) {
    return fail(ErrorCode::malformed, "status: not a rank, a final flag and a word");
  }
  return StatusValue{bytes[0], bytes[1] == 1, std::string(as_text(bytes.subspan(2)))};
}

Result<std::vector<Attribute>> decode_element(ByteView bytes) {
  Reader in(bytes);
  std::vector<Attribute> attributes;
  const std::size_t count = in.count(limits::attributes_max, 3);
  attributes.reserve(count);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    Attribute attribute;
    attribute.number = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    attribute.type = static_cast<ValueType>(in.u8());
    attribute.value = to_bytes(in.bytes(limits::value_bytes_max));
    if (i != 0 && attributes.back().number >= attribute.number) in.refuse("out of order");
    attributes.push_back(std::move(attribute));
  }
  if (const Status done = in.finish("element"); !done) return fail(done.error());
  return attributes;
}

}  // namespace tram::sync
