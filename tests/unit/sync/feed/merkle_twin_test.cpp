// Goal: sync::merkle equals the RFC's recursive definition, and no altered proof passes.
// Method: every tree of up to 70 leaves, every index, pair and range, beside the naive twin.
#include <catch2/catch.hpp>

#include <functional>

#include "sync/feed/merkle.hpp"
#include "tests/unit/sync/feed/naive_tree.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync::merkle {

namespace {

constexpr std::size_t size_max = 70;
// Altering every proof of every size costs minutes; these sizes have every shape of right edge.
constexpr std::size_t altered_size_max = 20;

std::vector<Digest> many_leaves() {
  std::vector<Digest> out;
  for (std::uint8_t i = 0; i < size_max; ++i) out.push_back(leaf_hash(Bytes{i}));
  return out;
}

using Check = std::function<bool(std::span<const Digest>)>;

// True iff `holds` accepts the proof and nothing that differs from it in one hash, one missing
// hash, one more hash, or the order of two.
bool only_this_proof(const std::vector<Digest>& proof, const Check& holds) {
  if (!holds(proof)) return false;
  for (std::size_t i = 0; i < proof.size(); ++i) {
    std::vector<Digest> altered = proof;
    altered[i][i % 32] ^= 1U;
    if (holds(altered)) return false;
    std::vector<Digest> missing = proof;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    if (holds(missing)) return false;
    std::vector<Digest> swapped = proof;
    std::swap(swapped[i], swapped[0]);
    if (i != 0 && holds(swapped)) return false;
  }
  for (std::size_t i = 0; i <= proof.size(); ++i) {
    std::vector<Digest> extra = proof;
    extra.insert(extra.begin() + static_cast<std::ptrdiff_t>(i),
                 i < proof.size() ? proof[i] : Digest{});
    if (holds(extra)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("merkle twin: roots and what a store keeps") {
  const std::vector<Digest> leaves = many_leaves();
  test::StoredTree tree;
  std::size_t complete = 0;
  for (std::size_t size = 1; size <= size_max; ++size) {
    tree.append(leaves[size - 1]);
    for (std::size_t width = 1; size % width == 0; width *= 2) ++complete;
    const auto held = std::span(leaves).first(size);
    CHECK(root(size, tree.nodes()) == test::naive_root(held));
    CHECK(root_of(held) == test::naive_root(held));
    CHECK(tree.stored() == complete);
  }
}

TEST_CASE("merkle twin: a grown tree still gives the roots of all its sizes") {
  const std::vector<Digest> leaves = many_leaves();
  const test::StoredTree tree{leaves};
  for (std::size_t size = 0; size <= size_max; ++size) {
    CHECK(root(size, tree.nodes()) == test::naive_root(std::span(leaves).first(size)));
  }
}

TEST_CASE("merkle twin: inclusion") {
  const std::vector<Digest> leaves = many_leaves();
  const test::StoredTree tree{leaves};
  for (std::size_t size = 1; size <= size_max; ++size) {
    const auto held = std::span(leaves).first(size);
    const Digest whole = test::naive_root(held);
    for (std::size_t index = 0; index < size; ++index) {
      const std::vector<Digest> proof = inclusion_proof(index, size, tree.nodes());
      REQUIRE(proof == test::naive_inclusion(index, held));
      REQUIRE(verify_inclusion(index, size, leaves[index], proof, whole));
      if (size > altered_size_max) continue;
      REQUIRE(only_this_proof(proof, [&](std::span<const Digest> given) {
        return verify_inclusion(index, size, leaves[index], given, whole);
      }));
      for (std::size_t other = 0; other < size; ++other) {
        REQUIRE(verify_inclusion(other, size, leaves[index], proof, whole) == (other == index));
      }
    }
  }
}

TEST_CASE("merkle twin: consistency") {
  const std::vector<Digest> leaves = many_leaves();
  const test::StoredTree tree{leaves};
  for (std::size_t to = 1; to <= size_max; ++to) {
    const auto held = std::span(leaves).first(to);
    const Digest newer = test::naive_root(held);
    for (std::size_t from = 0; from <= to; ++from) {
      const Digest older = test::naive_root(held.first(from));
      const std::vector<Digest> proof = consistency_proof(from, to, tree.nodes());
      REQUIRE(proof == test::naive_consistency(from, held));
      REQUIRE(verify_consistency(from, to, older, newer, proof));
      if (to > altered_size_max) continue;
      REQUIRE(only_this_proof(proof, [&](std::span<const Digest> given) {
        return verify_consistency(from, to, older, newer, given);
      }));
      REQUIRE((from == to || !verify_consistency(from, to, newer, newer, proof)));
      REQUIRE((from == 0 || from == to || !verify_consistency(from, to, older, older, proof)));
    }
  }
}

TEST_CASE("merkle twin: ranges") {
  const std::vector<Digest> leaves = many_leaves();
  const test::StoredTree tree{leaves};
  for (std::size_t size = 1; size <= size_max; size += size < altered_size_max ? 1 : 7) {
    const auto held = std::span(leaves).first(size);
    const Digest whole = test::naive_root(held);
    for (std::size_t begin = 0; begin < size; ++begin) {
      for (std::size_t end = begin + 1; end <= size; ++end) {
        const auto range = held.subspan(begin, end - begin);
        const std::vector<Digest> proof = range_proof(begin, end, size, tree.nodes());
        REQUIRE(proof == test::naive_range(begin, end, held));
        REQUIRE(verify_range(begin, size, range, proof, whole));
        if (size > altered_size_max / 2) continue;
        REQUIRE(only_this_proof(proof, [&](std::span<const Digest> given) {
          return verify_range(begin, size, range, given, whole);
        }));
      }
    }
  }
}

TEST_CASE("merkle twin: a range of other leaves, of fewer or of more is refused") {
  const std::vector<Digest> leaves = many_leaves();
  const test::StoredTree tree{leaves};
  constexpr std::size_t size = 13;
  const Digest whole = test::naive_root(std::span(leaves).first(size));
  for (std::size_t begin = 0; begin + 3 <= size; ++begin) {
    const std::vector<Digest> proof = range_proof(begin, begin + 3, size, tree.nodes());
    const auto range = std::span(leaves).subspan(begin, 3);
    REQUIRE(verify_range(begin, size, range, proof, whole));
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<Digest> altered(range.begin(), range.end());
      altered[i][0] ^= 1U;
      CHECK(!verify_range(begin, size, altered, proof, whole));
    }
    CHECK(!verify_range(begin, size, range.first(2), proof, whole));
    CHECK(!verify_range(begin, size, std::span(leaves).subspan(begin, 4), proof, whole));
    CHECK(!verify_range(begin + 1, size, range, proof, whole));
  }
}

}  // namespace tram::sync::merkle
