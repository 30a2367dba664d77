#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sync/core/result.hpp"
#include "sync/crypto/digest.hpp"

/// Merkle trees over lists, hashed as in RFC 9162 section 2.1 (Certificate Transparency 2.0), with
/// SHA-256. Pure arithmetic: hashes come from a function or a span, never from a store.
///
/// Words: a *leaf hash* is H(0x00, data); a *node* (level, index) is the hash of a complete subtree
/// of 2^level leaves that begins at leaf index * 2^level; sizes count leaves.
namespace tram::sync::merkle {

[[nodiscard]] Digest leaf_hash(ByteView data);
[[nodiscard]] Digest node_hash(const Digest& left, const Digest& right);
[[nodiscard]] Digest empty_root();

/// Gives the hash of the complete subtree (level, index). It is asked only for complete subtrees.
using Nodes = std::function<Digest(unsigned level, std::uint64_t index)>;

/// Root of the first `size` leaves, from O(log size) nodes.
[[nodiscard]] Digest root(std::uint64_t size, const Nodes& nodes);

/// Root of a list of leaf hashes. Linear; for tests, imports and small lists.
[[nodiscard]] Digest root_of(std::span<const Digest> leaf_hashes);

/// The nodes that become complete when leaf `index` is appended: (0, index) first, then its
/// parents. `nodes` is asked for left siblings only.
struct CompletedNode {
  unsigned level = 0;
  std::uint64_t index = 0;
  Digest hash{};
};
[[nodiscard]] std::vector<CompletedNode> append(std::uint64_t index, const Digest& leaf,
                                                const Nodes& nodes);

/// RFC 9162 2.1.3 and 2.1.4. `index < size`; `from <= to`. A proof from 0 or from `to` itself is
/// empty.
[[nodiscard]] std::vector<Digest> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                  const Nodes& nodes);
[[nodiscard]] std::vector<Digest> consistency_proof(std::uint64_t from, std::uint64_t to,
                                                    const Nodes& nodes);
[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                                    std::span<const Digest> proof, const Digest& root);
[[nodiscard]] bool verify_consistency(std::uint64_t from, std::uint64_t to, const Digest& from_root,
                                      const Digest& to_root, std::span<const Digest> proof);

/// A proof that consecutive leaves [begin, end) stand in a tree of `size`: the hashes of the
/// largest subtrees outside the range, left to right in the order of the recursion. `begin < end <=
/// size`.
[[nodiscard]] std::vector<Digest> range_proof(std::uint64_t begin, std::uint64_t end,
                                              std::uint64_t size, const Nodes& nodes);
[[nodiscard]] bool verify_range(std::uint64_t begin, std::uint64_t size,
                                std::span<const Digest> leaf_hashes, std::span<const Digest> proof,
                                const Digest& root);

}  // namespace tram::sync::merkle
