#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sync/core/assert.hpp"
#include "sync/feed/merkle.hpp"

/// Two trees to hold against sync::merkle: one that keeps what `append` completes, as a store does,
/// and one that is nothing but the recursive definitions of RFC 9162 section 2.1.
namespace tram::sync::test {

/// Nodes by (level, index). Asserts that nobody asks for one that is not complete.
class StoredTree {
 public:
  StoredTree() = default;
  explicit StoredTree(std::span<const Digest> leaf_hashes) {
    for (const Digest& hash : leaf_hashes) append(hash);
  }

  void append(const Digest& leaf_hash) {
    for (const merkle::CompletedNode& node : merkle::append(size_, leaf_hash, nodes())) {
      const bool is_new = nodes_.emplace(std::pair(node.level, node.index), node.hash).second;
      TRAM_ASSERT(is_new);
    }
    ++size_;
  }

  [[nodiscard]] merkle::Nodes nodes() const {
    return [this](unsigned level, std::uint64_t index) {
      const auto node = nodes_.find({level, index});
      TRAM_ASSERT(node != nodes_.end());
      return node->second;
    };
  }
  [[nodiscard]] Digest leaf(std::uint64_t index) const { return nodes_.at({0, index}); }
  [[nodiscard]] std::size_t stored() const { return nodes_.size(); }

 private:
  std::uint64_t size_ = 0;
  std::map<std::pair<unsigned, std::uint64_t>, Digest> nodes_;
};

using Hashes = std::span<const Digest>;

/// MTH(D_n), over leaf hashes.
[[nodiscard]] Digest naive_root(Hashes leaves);
/// PATH(m, D_n).
[[nodiscard]] std::vector<Digest> naive_inclusion(std::size_t index, Hashes leaves);
/// PROOF(m, D_n), empty also for m = 0 and m = n.
[[nodiscard]] std::vector<Digest> naive_consistency(std::size_t from, Hashes leaves);
/// Roots of the largest subtrees that lie outside [begin, end), left to right.
[[nodiscard]] std::vector<Digest> naive_range(std::size_t begin, std::size_t end, Hashes leaves);

}  // namespace tram::sync::test
