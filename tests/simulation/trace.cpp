// Goal: two runs of one seed can be compared.
// Method: FNV-1a over what happened.
#include "tests/simulation/trace.hpp"

#include <array>
#include <cstdio>

namespace tram::simulation {

void Trace::mix(sync::ByteView bytes) {
  for (const std::uint8_t byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3ULL;
}

void Trace::add(std::int64_t at, std::string_view event, std::uint64_t machine,
                std::uint64_t detail) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(detail >> (8 * i));
  add(at, event, machine, bytes);
}

void Trace::add(std::int64_t at, std::string_view event, std::uint64_t machine,
                sync::ByteView name) {
  ++events_;
  std::array<std::uint8_t, 16> head{};
  for (std::size_t i = 0; i < 8; ++i) {
    head[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(at) >> (8 * i));
    head[8 + i] = static_cast<std::uint8_t>(machine >> (8 * i));
  }
  mix(head);
  mix(sync::as_bytes(event));
  mix(name);
  if (!loud_) return;
  std::fprintf(stderr, "%lld %.*s %llu %s\n", static_cast<long long>(at),
               static_cast<int>(event.size()), event.data(),
               static_cast<unsigned long long>(machine), sync::to_hex(name).c_str());
}

void Trace::say(std::string_view text) const {
  if (loud_) std::fprintf(stderr, "  %.*s\n", static_cast<int>(text.size()), text.data());
}

std::string hash_text(std::uint64_t hash) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

}  // namespace tram::simulation
