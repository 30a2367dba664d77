#pragma once

#include "sync/core/ports.hpp"

/// Unpredictable bytes from the operating system's generator, through OpenSSL.
namespace tram::host {

/// Fit for keys, codes and identities. If the generator fails, the process ends at once: there is
/// no safe way to go on, and a caller could only make it worse by trying. Any thread.
class SystemRandom final : public sync::Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace tram::host
