#pragma once

#include <cstdint>
#include <string>

#include "sync/core/codec.hpp"
#include "sync/ledger/entry.hpp"

/// Feeds: append-only Merkle logs over entry names, kept by the hub, one a commune or department
/// and one for the province. A node keeps copies of two: its unit's (home) and the province's.
namespace tram::sync {

/// A unit's administrative code, or `province_feed`.
using FeedId = std::string;
inline constexpr const char* province_feed = "province";

/// Drawn at random by each start of the hub. In one epoch a feed only grows, so no size has two
/// roots.
using Epoch = ByteArray<8>;

/// The hub's word about a feed. As a receipt, it covers every entry at a position below `size`.
struct SignedHead {
  FeedId feed;
  Epoch epoch{};
  std::uint64_t base_size = 0;  ///< what the feed held when the epoch was opened
  Digest base_root{};
  std::uint64_t size = 0;
  Digest root{};
  Instant hub_time;
  Signature signature{};
  friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

/// Fills in the signature. The caller has committed what the head covers (DESIGN 7: never before).
[[nodiscard]] SignedHead sign_head(const SigningKey& hub, SignedHead head);
[[nodiscard]] bool verify_head(const PublicKey& hub, const SignedHead& head);

/// One encoding for the wire, the store and evidence.
void write_head(Writer& out, const SignedHead& head);
[[nodiscard]] SignedHead read_head(Reader& in);

}  // namespace tram::sync
