#pragma once

#include <map>
#include <utility>

#include "sync/feed/head.hpp"

/// Signs the heads of one start of the hub: one epoch. What it signs must be committed. Keeps what
/// it has signed lately, so that one size is not signed anew for every node that asks; in one epoch
/// a feed only grows, so a size can never have two roots.
///
/// Not thread-safe: it belongs to the thread that commits.
namespace tram::sync {

class HeadSigner {
 public:
  /// What each feed held when the hub started. A feed that is not named was empty.
  using Bases = std::map<FeedId, std::pair<std::uint64_t, Digest>>;

  /// `key` must outlive the signer. Draws the epoch.
  HeadSigner(const SigningKey& key, Bases bases, Random& random);

  /// The head of the first `size` names of the feed, whose root is `root`.
  [[nodiscard]] SignedHead head(const FeedId& feed, std::uint64_t size, const Digest& root,
                                Instant now);

  [[nodiscard]] const Epoch& epoch() const { return epoch_; }
  [[nodiscard]] const PublicKey& public_key() const { return key_.public_key(); }

 private:
  static constexpr std::size_t remembered_max = 4096;

  const SigningKey& key_;
  Bases bases_;
  Epoch epoch_{};
  std::map<std::pair<FeedId, std::uint64_t>, SignedHead> signed_;
};

}  // namespace tram::sync
