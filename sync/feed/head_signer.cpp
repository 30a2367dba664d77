#include "sync/feed/head_signer.hpp"

#include "sync/core/assert.hpp"
#include "sync/feed/merkle.hpp"

namespace tram::sync {

HeadSigner::HeadSigner(const SigningKey& key, Bases bases, Random& random)
    : key_(key), bases_(std::move(bases)) {
  random.fill(epoch_);
}

SignedHead HeadSigner::head(const FeedId& feed, std::uint64_t size, const Digest& root,
                            Instant now) {
  const std::pair<FeedId, std::uint64_t> at(feed, size);
  if (const auto known = signed_.find(at); known != signed_.end()) {
    TRAM_ASSERT(known->second.root == root);
    return known->second;
  }
  SignedHead head;
  head.feed = feed;
  head.epoch = epoch_;
  head.base_root = merkle::empty_root();
  if (const auto base = bases_.find(feed); base != bases_.end() && base->second.first <= size) {
    head.base_size = base->second.first;
    head.base_root = base->second.second;
  }
  head.size = size;
  head.root = root;
  head.hub_time = now;
  head = sign_head(key_, std::move(head));
  if (signed_.size() == remembered_max) signed_.erase(signed_.begin());
  signed_.emplace(at, head);
  return head;
}

}  // namespace tram::sync
