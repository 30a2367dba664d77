// Goal: a twin of sync::merkle that nobody can doubt.
// Method: the definitions of RFC 9162 section 2.1 word for word, by recursion over lists of leaf
// hashes.
#include "tests/unit/sync/feed/naive_tree.hpp"

namespace tram::sync::test {

namespace {

// The largest power of two smaller than n.
std::size_t split(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

std::vector<Digest> joined(std::vector<Digest> list, const std::vector<Digest>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

// SUBPROOF(m, D_n, b).
std::vector<Digest> subproof(std::size_t m, Hashes d, bool b) {
  const std::size_t n = d.size();
  if (m == n) return b ? std::vector<Digest>{} : std::vector<Digest>{naive_root(d)};
  const std::size_t k = split(n);
  if (m <= k) return joined(subproof(m, d.first(k), b), {naive_root(d.subspan(k))});
  return joined(subproof(m - k, d.subspan(k), false), {naive_root(d.first(k))});
}

std::vector<Digest> outside(std::size_t at, std::size_t begin, std::size_t end, Hashes d) {
  if (at >= end || at + d.size() <= begin) return {naive_root(d)};
  if (d.size() == 1) return {};
  const std::size_t k = split(d.size());
  return joined(outside(at, begin, end, d.first(k)), outside(at + k, begin, end, d.subspan(k)));
}

}  // namespace

Digest naive_root(Hashes leaves) {
  if (leaves.empty()) return sha256(ByteView{});
  if (leaves.size() == 1) return leaves.front();
  const std::size_t k = split(leaves.size());
  Bytes input{1};
  for (const Digest& half : {naive_root(leaves.first(k)), naive_root(leaves.subspan(k))}) {
    input.insert(input.end(), half.begin(), half.end());
  }
  return sha256(input);
}

std::vector<Digest> naive_inclusion(std::size_t index, Hashes leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = split(leaves.size());
  if (index < k) {
    return joined(naive_inclusion(index, leaves.first(k)), {naive_root(leaves.subspan(k))});
  }
  return joined(naive_inclusion(index - k, leaves.subspan(k)), {naive_root(leaves.first(k))});
}

std::vector<Digest> naive_consistency(std::size_t from, Hashes leaves) {
  if (from == 0) return {};
  return subproof(from, leaves, true);
}

std::vector<Digest> naive_range(std::size_t begin, std::size_t end, Hashes leaves) {
  return outside(0, begin, end, leaves);
}

}  // namespace tram::sync::test
