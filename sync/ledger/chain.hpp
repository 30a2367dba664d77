#pragma once

#include <cstdint>

#include "sync/ledger/entry.hpp"

/// The chain of a log runs over the names of its entries: c(0) = H(log), c(n) = H(c(n-1),
/// name(n-1)), where n counts entries. One chain value fixes the whole history before it, also
/// where entries travel by name alone. The device signs its log's newest chain value once a frame.
namespace tram::sync {

[[nodiscard]] Digest chain_start(const LogId& log);
[[nodiscard]] Digest chain_next(const Digest& before, const Name& name);

/// "This log of mine has `count` entries, and their chain ends in `chain`."
struct SignedLogHead {
  LogId log{};
  std::uint64_t count = 0;
  Digest chain{};
  Signature signature{};
  friend bool operator==(const SignedLogHead&, const SignedLogHead&) = default;
};

[[nodiscard]] SignedLogHead sign_log_head(const SigningKey& device, const LogId& log,
                                          std::uint64_t count, const Digest& chain);
[[nodiscard]] bool verify_log_head(const PublicKey& device, const SignedLogHead& head);

}  // namespace tram::sync
