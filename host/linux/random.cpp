#include "host/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace tram::host {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  constexpr std::size_t step_max = 1U << 20U;  // OpenSSL counts in int
  while (!out.empty()) {
    const std::size_t step = std::min(out.size(), step_max);
    if (RAND_bytes(out.data(), static_cast<int>(step)) != 1) std::abort();
    out = out.subspan(step);
  }
}

}  // namespace tram::host
