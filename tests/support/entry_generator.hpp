#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sync/ledger/entry.hpp"
#include "sync/limits.hpp"

/// Random entries, every one of them canonical: what encode_entry accepts and nothing less.
namespace tram::sync::test {

template <std::size_t N>
[[nodiscard]] rc::Gen<ByteArray<N>> any_array() {
  return rc::gen::container<ByteArray<N>>(rc::gen::arbitrary<std::uint8_t>());
}

[[nodiscard]] inline rc::Gen<Bytes> any_bytes(std::size_t max) {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, max + 1), [](std::size_t size) {
    return rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
  });
}

[[nodiscard]] inline rc::Gen<std::string> any_text(std::size_t min, std::size_t max) {
  return rc::gen::mapcat(rc::gen::inRange(min, max + 1), [](std::size_t size) {
    return rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
  });
}

/// At most three parents, in order and without doubles.
[[nodiscard]] inline rc::Gen<std::vector<Name>> any_parents() {
  return rc::gen::exec([] {
    std::vector<Name> parents;
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) parents.push_back(*any_array<32>());
    std::sort(parents.begin(), parents.end());
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    return parents;
  });
}

/// Types beyond those of today are drawn too: the ledger keeps values of types it does not know.
[[nodiscard]] inline rc::Gen<Change> any_change() {
  return rc::gen::exec([] {
    Change change;
    change.field.number = *rc::gen::element(0U, 1U, 2U, 18U, 127U, 128U, UINT32_MAX);
    if (change.field.number == 0) change.field.name = *any_text(1, 5);
    change.field.type = static_cast<ValueType>(*rc::gen::arbitrary<std::uint8_t>());
    change.field.policy = static_cast<Policy>(*rc::gen::inRange(1, 6));
    if (change.field.policy == Policy::keyed_union) change.key = *any_text(0, 5);
    change.decision = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) change.value = *any_bytes(8);
    return change;
  });
}

[[nodiscard]] inline rc::Gen<std::vector<Change>> any_changes() {
  return rc::gen::exec([] {
    std::vector<Change> changes;
    const int count = *rc::gen::inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      std::vector<Change> more = changes;
      more.push_back(*any_change());
      if (Result<std::vector<Change>> ordered = in_canonical_order(more); ordered) {
        changes = *std::move(ordered);
      }
    }
    return changes;
  });
}

[[nodiscard]] inline rc::Gen<EntryBody> any_body() {
  return rc::gen::exec([]() -> EntryBody {
    switch (*rc::gen::inRange(0, 6)) {
      case 0: {
        Opening body{*any_array<32>(), *any_text(1, limits::unit_bytes_max), std::nullopt};
        if (*rc::gen::arbitrary<bool>()) body.continues = *any_array<32>();
        return body;
      }
      case 1:
        return Verdict{*any_array<32>(), static_cast<Verdict::Ruling>(*rc::gen::inRange(0, 4)),
                       *any_parents(), *any_text(0, 9)};
      case 2:
        return Erase{{*rc::gen::arbitrary<std::uint32_t>(), *any_array<16>()}, *any_text(0, 9)};
      default: {
        Edit body;
        body.target = static_cast<Edit::Target>(*rc::gen::inRange(0, 3));
        body.kind = *rc::gen::arbitrary<std::uint32_t>();
        if (body.target != Edit::Target::self) body.id = *any_array<16>();
        body.parents = *any_parents();
        body.changes = *any_changes();
        return body;
      }
    }
  });
}

[[nodiscard]] inline rc::Gen<Entry> any_entry() {
  return rc::gen::exec([] {
    Entry entry;
    entry.place.log = *any_array<16>();
    entry.place.seq = *rc::gen::element<std::uint64_t>(0, 1, 127, 128, 70'000, UINT64_MAX);
    const std::int64_t latest = static_cast<std::int64_t>(limits::time_ms_max);
    entry.time.ms = *rc::gen::element<std::int64_t>(0, 1, 1'751'331'480'000, latest);
    entry.time_trusted = *rc::gen::arbitrary<bool>();
    entry.capacity = static_cast<Capacity>(*rc::gen::inRange(0, 3));
    if (*rc::gen::arbitrary<bool>()) entry.actor = *any_array<16>();
    entry.body = *any_body();
    return entry;
  });
}

}  // namespace tram::sync::test
