#include <algorithm>

#include "sync/core/codec.hpp"
#include "sync/limits.hpp"
#include "sync/merge/record_state.hpp"

// The projection's own format: local, rebuilt from the ledger whenever it changes, never sent.
namespace tram::sync {

namespace {

constexpr std::size_t set_size_max = 1U << 20U;

void write_names(Writer& out, const std::set<Name>& names) {
  out.varint(names.size());
  for (const Name& name : names) out.raw(name);
}

std::set<Name> read_names(Reader& in) {
  std::set<Name> names;
  const std::size_t count = in.count(set_size_max, sizeof(Name));
  for (std::size_t i = 0; i < count; ++i) names.insert(in.array<32>());
  return names;
}

void write_candidate(Writer& out, const Candidate& candidate) {
  out.raw(candidate.name);
  out.raw(candidate.place.log);
  out.varint(candidate.place.seq);
  out.zigzag(candidate.time.ms);
  out.u8(static_cast<std::uint8_t>((candidate.time_trusted ? 1U : 0U) |
                                   (candidate.decision ? 2U : 0U) | (candidate.value ? 4U : 0U)));
  out.u8(static_cast<std::uint8_t>(candidate.capacity));
  if (candidate.value) out.bytes(*candidate.value);
}

Candidate read_candidate(Reader& in) {
  Candidate candidate;
  candidate.name = in.array<32>();
  candidate.place.log = in.array<16>();
  candidate.place.seq = in.varint();
  candidate.time.ms = in.zigzag();
  const std::uint8_t flags = in.u8();
  candidate.time_trusted = (flags & 1U) != 0;
  candidate.decision = (flags & 2U) != 0;
  candidate.capacity = static_cast<Capacity>(in.u8());
  if ((flags & 4U) != 0) candidate.value = to_bytes(in.bytes(limits::value_bytes_max));
  return candidate;
}

}  // namespace

Bytes encode_state(const RecordState& state) {
  Writer out;
  out.varint(state.candidates.size());
  for (const auto& [key, candidates] : state.candidates) {
    out.varint(key.field.number);
    out.string(key.field.name);
    out.u8(static_cast<std::uint8_t>(key.field.type));
    out.u8(static_cast<std::uint8_t>(key.field.policy));
    out.string(key.element);
    out.varint(candidates.size());
    for (const Candidate& candidate : candidates) write_candidate(out, candidate);
  }
  write_names(out, state.frontier);
  write_names(out, state.missing);
  out.u8(static_cast<std::uint8_t>((state.uncreated ? 1U : 0U) | (state.plain ? 2U : 0U)));
  out.string(state.home_unit);
  return out.take();
}

Result<RecordState> decode_state(ByteView bytes) {
  Reader in(bytes);
  RecordState state;
  const std::size_t fields = in.count(set_size_max, 8);
  for (std::size_t i = 0; i < fields && !in.failed(); ++i) {
    FieldKey key;
    key.field.number = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    key.field.name = in.string(limits::field_name_bytes_max);
    key.field.type = static_cast<ValueType>(in.u8());
    key.field.policy = static_cast<Policy>(in.u8());
    key.element = in.string(limits::element_key_bytes_max);
    std::vector<Candidate>& candidates = state.candidates[key];
    const std::size_t count = in.count(set_size_max, sizeof(Name));
    for (std::size_t c = 0; c < count && !in.failed(); ++c) {
      candidates.push_back(read_candidate(in));
    }
  }
  state.frontier = read_names(in);
  state.missing = read_names(in);
  const std::uint8_t flags = in.u8();
  state.uncreated = (flags & 1U) != 0;
  state.plain = (flags & 2U) != 0;
  state.home_unit = in.string(limits::unit_bytes_max);
  if (const Status done = in.finish("record state"); !done) return fail(done.error());
  // Flags that nobody sets and sets out of order: what is ours is what we would write again.
  const Bytes again = encode_state(state);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return fail(ErrorCode::malformed, "record state: not in its one form");
  }
  return state;
}

}  // namespace tram::sync
