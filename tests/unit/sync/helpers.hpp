#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/core/assert.hpp"
#include "sync/core/ports.hpp"
#include "sync/ledger/entry.hpp"

/// Short ways to write bytes, changes and entries in tests of the engine.
namespace tram::sync::test {

/// Blanks are allowed between the digits.
[[nodiscard]] inline Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits.push_back(c);
  }
  Result<Bytes> bytes = from_hex(digits);
  TRAM_ASSERT(bytes.has_value());
  return *std::move(bytes);
}

template <std::size_t N>
[[nodiscard]] ByteArray<N> array_of(std::string_view text) {
  const Result<ByteArray<N>> out = to_array<N>(hex(text));
  TRAM_ASSERT(out.has_value());
  return *out;
}

/// N times the same byte: recognisable in a dump.
template <std::size_t N>
[[nodiscard]] ByteArray<N> filled(std::uint8_t byte) {
  ByteArray<N> out;
  out.fill(byte);
  return out;
}

[[nodiscard]] inline FieldTag field_tag(std::uint32_t number, Policy policy,
                                        ValueType type = ValueType::text) {
  return {number, "", type, policy};
}

[[nodiscard]] inline Change write(FieldTag field, std::string_view text) {
  return {std::move(field), "", false, encode_text(text)};
}

[[nodiscard]] inline Change clear(FieldTag field) {
  return {std::move(field), "", false, std::nullopt};
}

/// The same change, as a decision.
[[nodiscard]] inline Change decide(Change change) {
  change.decision = true;
  return change;
}

/// An edit of an existing record by log 0x11…, its changes put in order.
[[nodiscard]] inline Entry edit_entry(std::uint64_t seq, std::vector<Change> changes,
                                      std::vector<Name> parents = {}) {
  Edit edit;
  edit.kind = 1;
  edit.id = filled<16>(0x22);
  edit.parents = std::move(parents);
  Result<std::vector<Change>> ordered = in_canonical_order(std::move(changes));
  TRAM_ASSERT(ordered.has_value());
  edit.changes = *std::move(ordered);
  Entry entry;
  entry.place = {filled<16>(0x11), seq};
  entry.time = {1'751'331'480'000};
  entry.body = std::move(edit);
  return entry;
}

/// Bytes that count up: unlike each other, and the same in every run.
class CountingRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 1;
};

}  // namespace tram::sync::test
