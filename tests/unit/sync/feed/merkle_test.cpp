// Goal: trees, inclusion and consistency proofs are those of Certificate Transparency.
// Method: the published vectors of its eight-leaf example, verified, generated, and altered.
#include "sync/feed/merkle.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sync/feed/naive_tree.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync::merkle {

namespace {

using test::array_of;
using test::hex;

const char* const leaves[] = {"",
                              "00",
                              "10",
                              "2021",
                              "3031",
                              "40414243",
                              "5051525354555657",
                              "606162636465666768696a6b6c6d6e6f"};

const char* const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                             "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                             "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                             "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                             "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                             "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                             "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct InclusionCase {
  std::uint64_t index;
  std::uint64_t size;
  std::vector<const char*> proof;
};

struct ConsistencyCase {
  std::uint64_t from;
  std::uint64_t to;
  std::vector<const char*> proof;
};

const InclusionCase inclusions[] = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};

const ConsistencyCase consistencies[] = {
    {1, 1, {}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};

std::vector<Digest> published_leaves() {
  std::vector<Digest> out;
  for (const char* leaf : leaves) out.push_back(leaf_hash(hex(leaf)));
  return out;
}

std::vector<Digest> digests(const std::vector<const char*>& texts) {
  std::vector<Digest> out;
  for (const char* text : texts) out.push_back(array_of<32>(text));
  return out;
}

Digest published_root(std::uint64_t size) {
  return array_of<32>(roots[size - 1]);
}

}  // namespace

TEST_CASE("merkle: the published roots, by list, by nodes and by appending") {
  test::StoredTree tree;
  CHECK(to_hex(empty_root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(root(0, tree.nodes()) == empty_root());
  CHECK(root_of({}) == empty_root());
  const std::vector<Digest> hashes = published_leaves();
  for (std::uint64_t size = 1; size <= hashes.size(); ++size) {
    tree.append(hashes[size - 1]);
    CHECK(to_hex(root(size, tree.nodes())) == roots[size - 1]);
    CHECK(to_hex(root_of(std::span(hashes).first(size))) == roots[size - 1]);
  }
}

TEST_CASE("merkle: the published inclusion proofs") {
  test::StoredTree tree(published_leaves());
  for (const InclusionCase& known : inclusions) {
    const std::vector<Digest> proof = digests(known.proof);
    CHECK(inclusion_proof(known.index, known.size, tree.nodes()) == proof);
    CHECK(verify_inclusion(known.index, known.size, tree.leaf(known.index), proof,
                           published_root(known.size)));
  }
}

TEST_CASE("merkle: the published consistency proofs") {
  test::StoredTree tree(published_leaves());
  for (const ConsistencyCase& known : consistencies) {
    const std::vector<Digest> proof = digests(known.proof);
    CHECK(consistency_proof(known.from, known.to, tree.nodes()) == proof);
    CHECK(verify_consistency(known.from, known.to, published_root(known.from),
                             published_root(known.to), proof));
  }
}

TEST_CASE("merkle: what RFC 9162 hashes differently cannot be exchanged") {
  const Digest left = leaf_hash(hex("00"));
  const Digest right = leaf_hash(hex("10"));
  Bytes both = to_bytes(left);
  both.insert(both.end(), right.begin(), right.end());
  CHECK(leaf_hash(both) != node_hash(left, right));
  CHECK(node_hash(left, right) != node_hash(right, left));
  CHECK(leaf_hash({}) != empty_root());
}

TEST_CASE("merkle: sizes and positions that make no sense are refused, however large") {
  const Digest any = leaf_hash({});
  const std::vector<Digest> many(200, any);
  CHECK(!verify_inclusion(0, 0, any, {}, empty_root()));
  CHECK(!verify_inclusion(1, 1, any, {}, any));
  CHECK(!verify_inclusion(UINT64_MAX - 1, UINT64_MAX, any, many, any));
  CHECK(!verify_inclusion(0, UINT64_MAX, any, many, any));
  CHECK(!verify_consistency(2, 1, any, any, {}));
  CHECK(!verify_consistency(1, UINT64_MAX, any, any, many));
  CHECK(!verify_consistency(UINT64_MAX - 1, UINT64_MAX, any, any, many));
  CHECK(!verify_range(0, 1, {}, {}, any));
  CHECK(!verify_range(1, 1, std::span(many).first(1), {}, any));
  CHECK(!verify_range(UINT64_MAX, UINT64_MAX, many, many, any));
  CHECK(!verify_range(UINT64_MAX - 1, UINT64_MAX, std::span(many).first(2), many, any));
  CHECK(!verify_range(0, UINT64_MAX, many, many, any));
}

TEST_CASE("merkle: every tree holds the empty one, and only the empty one has size 0") {
  const Digest any = leaf_hash({});
  CHECK(verify_consistency(0, 5, empty_root(), any, {}));
  CHECK(!verify_consistency(0, 5, any, any, {}));
  CHECK(!verify_consistency(0, 5, empty_root(), any, std::vector<Digest>{any}));
  CHECK(verify_consistency(5, 5, any, any, {}));
  CHECK(!verify_consistency(5, 5, any, empty_root(), {}));
}

}  // namespace tram::sync::merkle
