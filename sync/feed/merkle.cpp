#include "sync/feed/merkle.hpp"

#include <bit>

#include "sync/core/assert.hpp"

namespace tram::sync::merkle {

namespace {

// The largest power of two below `size`: where RFC 9162 splits a tree. `size` > 1.
std::uint64_t split(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

// A subtree of the recursion: leaves [begin, begin + size).
struct Subtree {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  [[nodiscard]] Subtree left() const { return {begin, split(size)}; }
  [[nodiscard]] Subtree right() const { return {begin + split(size), size - split(size)}; }
  [[nodiscard]] std::uint64_t end() const { return begin + size; }
};

Digest hash_of(const Subtree& tree, const Nodes& nodes) {
  if (std::has_single_bit(tree.size)) {
    const auto level = static_cast<unsigned>(std::countr_zero(tree.size));
    return nodes(level, tree.begin >> level);
  }
  return node_hash(hash_of(tree.left(), nodes), hash_of(tree.right(), nodes));
}

void collect_inclusion(std::uint64_t index, const Subtree& tree, const Nodes& nodes,
                       std::vector<Digest>& proof) {
  if (tree.size == 1) return;
  const bool in_left = index < tree.left().end();
  collect_inclusion(index, in_left ? tree.left() : tree.right(), nodes, proof);
  proof.push_back(hash_of(in_left ? tree.right() : tree.left(), nodes));
}

// RFC 9162 2.1.4.1, SUBPROOF: `whole` tells that the subtree is a tree of the older size by itself.
void collect_consistency(std::uint64_t from, const Subtree& tree, bool whole, const Nodes& nodes,
                         std::vector<Digest>& proof) {
  if (from == tree.end()) {
    if (!whole) proof.push_back(hash_of(tree, nodes));
    return;
  }
  if (from <= tree.left().end()) {
    collect_consistency(from, tree.left(), whole, nodes, proof);
    proof.push_back(hash_of(tree.right(), nodes));
  } else {
    collect_consistency(from, tree.right(), false, nodes, proof);
    proof.push_back(hash_of(tree.left(), nodes));
  }
}

void collect_range(std::uint64_t begin, std::uint64_t end, const Subtree& tree, const Nodes& nodes,
                   std::vector<Digest>& proof) {
  if (tree.end() <= begin || tree.begin >= end) {
    proof.push_back(hash_of(tree, nodes));
  } else if (tree.size > 1) {
    collect_range(begin, end, tree.left(), nodes, proof);
    collect_range(begin, end, tree.right(), nodes, proof);
  }
}

// Recomputes a root from the leaves of a range and the hashes outside it. Hashes are taken in
// order; running out of them, or having some left, is a proof of another shape.
class RangeRoot {
 public:
  RangeRoot(std::uint64_t begin, std::span<const Digest> leaves, std::span<const Digest> proof)
      : begin_(begin), leaves_(leaves), proof_(proof) {}

  [[nodiscard]] Digest of(const Subtree& tree) {
    if (tree.end() <= begin_ || tree.begin >= begin_ + leaves_.size()) return next_outside();
    if (tree.size == 1) return leaves_[tree.begin - begin_];
    const Digest left = of(tree.left());
    return node_hash(left, of(tree.right()));
  }
  [[nodiscard]] bool fits() const { return !short_ && used_ == proof_.size(); }

 private:
  Digest next_outside() {
    if (used_ == proof_.size()) {
      short_ = true;
      return {};
    }
    return proof_[used_++];
  }

  std::uint64_t begin_;
  std::span<const Digest> leaves_;
  std::span<const Digest> proof_;
  std::size_t used_ = 0;
  bool short_ = false;
};

}  // namespace

Digest leaf_hash(ByteView data) {
  const std::uint8_t prefix = 0;
  return sha256({{&prefix, 1}, data});
}

Digest node_hash(const Digest& left, const Digest& right) {
  const std::uint8_t prefix = 1;
  return sha256({{&prefix, 1}, left, right});
}

Digest empty_root() {
  return sha256(ByteView{});
}

Digest root(std::uint64_t size, const Nodes& nodes) {
  return size == 0 ? empty_root() : hash_of({0, size}, nodes);
}

Digest root_of(std::span<const Digest> leaf_hashes) {
  if (leaf_hashes.empty()) return empty_root();
  RangeRoot whole(0, leaf_hashes, {});
  return whole.of({0, leaf_hashes.size()});
}

std::vector<CompletedNode> append(std::uint64_t index, const Digest& leaf, const Nodes& nodes) {
  std::vector<CompletedNode> completed{{0, index, leaf}};
  unsigned level = 0;
  while ((index & 1U) == 1U) {
    const Digest hash = node_hash(nodes(level, index - 1), completed.back().hash);
    index >>= 1U;
    ++level;
    completed.push_back({level, index, hash});
  }
  return completed;
}

std::vector<Digest> inclusion_proof(std::uint64_t index, std::uint64_t size, const Nodes& nodes) {
  TRAM_ASSERT(index < size);
  std::vector<Digest> proof;
  collect_inclusion(index, {0, size}, nodes, proof);
  return proof;
}

std::vector<Digest> consistency_proof(std::uint64_t from, std::uint64_t to, const Nodes& nodes) {
  TRAM_ASSERT(from <= to);
  std::vector<Digest> proof;
  if (from != 0 && from != to) collect_consistency(from, {0, to}, true, nodes, proof);
  return proof;
}

// RFC 9162 2.1.3.2.
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                      std::span<const Digest> proof, const Digest& root) {
  if (index >= size) return false;
  std::uint64_t position = index;
  std::uint64_t last = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) return false;
    if ((position & 1U) == 1U || position == last) {
      hash = node_hash(sibling, hash);
      while ((position & 1U) == 0 && position != 0) {
        position >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    position >>= 1U;
    last >>= 1U;
  }
  return last == 0 && hash == root;
}

// RFC 9162 2.1.4.2.
bool verify_consistency(std::uint64_t from, std::uint64_t to, const Digest& from_root,
                        const Digest& to_root, std::span<const Digest> proof) {
  if (from > to) return false;
  if (from == to) return proof.empty() && from_root == to_root;
  if (from == 0) return proof.empty() && from_root == empty_root();
  std::size_t used = 0;
  Digest older = from_root;
  if (!std::has_single_bit(from)) {
    if (proof.empty()) return false;
    older = proof[used++];
  }
  Digest newer = older;
  std::uint64_t position = from - 1;
  std::uint64_t last = to - 1;
  const auto skipped = static_cast<unsigned>(std::countr_one(position));
  position >>= skipped;
  last >>= skipped;
  for (; used < proof.size(); ++used) {
    const Digest& hash = proof[used];
    if (last == 0) return false;
    if ((position & 1U) == 1U || position == last) {
      older = node_hash(hash, older);
      newer = node_hash(hash, newer);
      while ((position & 1U) == 0 && position != 0) {
        position >>= 1U;
        last >>= 1U;
      }
    } else {
      newer = node_hash(newer, hash);
    }
    position >>= 1U;
    last >>= 1U;
  }
  return last == 0 && older == from_root && newer == to_root;
}

std::vector<Digest> range_proof(std::uint64_t begin, std::uint64_t end, std::uint64_t size,
                                const Nodes& nodes) {
  TRAM_ASSERT(begin < end && end <= size);
  std::vector<Digest> proof;
  collect_range(begin, end, {0, size}, nodes, proof);
  return proof;
}

bool verify_range(std::uint64_t begin, std::uint64_t size, std::span<const Digest> leaf_hashes,
                  std::span<const Digest> proof, const Digest& root) {
  if (leaf_hashes.empty() || begin >= size || leaf_hashes.size() > size - begin) return false;
  RangeRoot range(begin, leaf_hashes, proof);
  const Digest computed = range.of({0, size});
  return range.fits() && computed == root;
}

}  // namespace tram::sync::merkle
