#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sync/merge/record_state.hpp"
#include "tests/unit/sync/helpers.hpp"

/// Random histories of one record: several authors and branches, parents that are not held, unions,
/// decisions, updates before their create, creates that name updates, rulings.
namespace tram::sync::test {

struct History {
  std::vector<MergeEntry> entries;  ///< parents first
  Rulings rulings;                  ///< only about entries that are in the history
};

[[nodiscard]] inline MergeEntry merge_entry(Entry entry, std::string unit = "24796") {
  const Name name = name_of(encode_entry(entry));
  return {name, std::move(entry), std::move(unit)};
}

/// Few fields and few values, so that writes meet.
[[nodiscard]] inline rc::Gen<Change> history_change() {
  return rc::gen::exec([] {
    static const FieldTag tags[] = {field_tag(1, Policy::review), field_tag(2, Policy::authority),
                                    field_tag(3, Policy::latest), field_tag(4, Policy::keyed_union),
                                    field_tag(5, Policy::workflow, ValueType::status)};
    Change change;
    change.field = tags[*rc::gen::inRange(0, 5)];
    if (change.field.policy == Policy::keyed_union)
      change.key = *rc::gen::element<std::string>("a", "b");
    change.decision = *rc::gen::weightedElement<bool>({{5, false}, {1, true}});
    if (*rc::gen::weightedElement<bool>({{5, true}, {1, false}})) {
      const auto pick = *rc::gen::inRange<std::uint8_t>(0, 3);
      change.value =
          change.field.policy == Policy::workflow
              ? encode_status({pick, pick == 2, std::string(1, static_cast<char>('a' + pick))})
              : Bytes{pick};
    }
    return change;
  });
}

[[nodiscard]] inline std::set<Name> tips_of(const std::vector<MergeEntry>& entries) {
  std::set<Name> tips;
  for (const MergeEntry& entry : entries) tips.insert(entry.name);
  for (const MergeEntry& entry : entries) {
    for (const Name& parent : std::get<Edit>(entry.entry.body).parents) tips.erase(parent);
  }
  return tips;
}

/// The next entry after `before`. Often it follows all that is held, as a save on one's own screen
/// does.
[[nodiscard]] inline MergeEntry next_entry(const std::vector<MergeEntry>& before) {
  Edit edit;
  edit.kind = 1;
  const bool creates =
      *rc::gen::weightedElement<bool>({{before.empty() ? 8U : 1U, true}, {6, false}});
  edit.target = creates ? Edit::Target::created_as : Edit::Target::existing;
  edit.id = filled<16>(0x22);
  std::set<Name> parents;
  if (*rc::gen::weightedElement<bool>({{2, true}, {1, false}})) {
    parents = tips_of(before);
  } else {
    for (const MergeEntry& entry : before) {
      if (*rc::gen::weightedElement<bool>({{1, true}, {3, false}})) parents.insert(entry.name);
    }
  }
  if (*rc::gen::weightedElement<bool>({{1, true}, {12, false}})) {
    parents.insert(filled<32>(*rc::gen::inRange<std::uint8_t>(0xe0, 0xe3)));  // never held
  }
  edit.parents.assign(parents.begin(), parents.end());
  const int writes = *rc::gen::inRange(1, 4);
  std::set<FieldKey> written;
  for (int i = 0; i < writes; ++i) {
    Change change = *history_change();
    if (written.insert({change.field, change.key}).second) edit.changes.push_back(change);
  }
  edit.changes = in_canonical_order(edit.changes).value();

  const auto log = *rc::gen::inRange<std::uint8_t>(1, 4);
  Entry entry;
  // Two entries of one log may claim one place: branches.
  entry.place = {filled<16>(log), *rc::gen::inRange<std::uint64_t>(1, 4)};
  entry.time.ms = *rc::gen::inRange(1000, 1004);
  entry.time_trusted = *rc::gen::arbitrary<bool>();
  entry.capacity = static_cast<Capacity>(*rc::gen::inRange(0, 3));
  entry.body = std::move(edit);
  return merge_entry(std::move(entry), "unit " + std::to_string(log));
}

[[nodiscard]] inline rc::Gen<History> any_history(int size_max = 12) {
  return rc::gen::exec([size_max] {
    History history;
    const int size = *rc::gen::inRange(0, size_max + 1);
    for (int i = 0; i < size; ++i) {
      MergeEntry entry = next_entry(history.entries);
      const auto same = [&](const MergeEntry& held) { return held.name == entry.name; };
      if (std::none_of(history.entries.begin(), history.entries.end(), same)) {
        history.entries.push_back(std::move(entry));
      }
    }
    const bool ruled = *rc::gen::arbitrary<bool>();
    for (const MergeEntry& entry : history.entries) {
      if (ruled && *rc::gen::arbitrary<bool>()) {
        history.rulings[entry.name] = static_cast<Verdict::Ruling>(*rc::gen::inRange(0, 4));
      }
    }
    return history;
  });
}

/// The same entries in another order.
template <class T>
[[nodiscard]] std::vector<T> shuffled(std::vector<T> items) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  return items;
}

}  // namespace tram::sync::test
