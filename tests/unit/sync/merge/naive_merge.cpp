// Goal: a twin of sync::merge that states the laws of schema/ledger.md, one function a law.
// Method: sets of names and plain recursion; every question is answered from the whole set of
// entries.
#include "tests/unit/sync/merge/naive_merge.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace tram::sync::test {

namespace {

struct Write {
  const MergeEntry* entry;
  const Change* change;
};

class Twin {
 public:
  Twin(const std::vector<MergeEntry>& entries, const Rulings& rulings) : rulings_(rulings) {
    for (const MergeEntry& entry : entries) {
      if (std::holds_alternative<Edit>(entry.entry.body)) held_.emplace(entry.name, &entry);
    }
  }

  [[nodiscard]] RecordState state() const {
    RecordState state;
    for (const FieldKey& key : all_fields()) {
      std::vector<Candidate> candidates = candidates_of(key);
      if (!candidates.empty()) state.candidates.emplace(key, std::move(candidates));
    }
    for (const auto& [name, entry] : held_) {
      state.frontier.insert(name);
      if (rulings_.count(name) != 0) state.plain = false;
    }
    for (const auto& [name, entry] : held_) {
      for (const Name& parent : edit_of(*entry).parents) {
        state.frontier.erase(parent);
        const bool counts = !ruled(*entry, Verdict::Ruling::void_entry);
        if (held_.count(parent) == 0 && counts) state.missing.insert(parent);
      }
    }
    if (const MergeEntry* home = home_entry()) {
      state.home_unit = home->unit;
      state.uncreated = !creates(*home);
    }
    return state;
  }

 private:
  [[nodiscard]] static const Edit& edit_of(const MergeEntry& entry) {
    return std::get<Edit>(entry.entry.body);
  }
  [[nodiscard]] static bool creates(const MergeEntry& entry) {
    return edit_of(entry).target != Edit::Target::existing;
  }
  [[nodiscard]] bool ruled(const MergeEntry& entry, Verdict::Ruling ruling) const {
    const auto found = rulings_.find(entry.name);
    return found != rulings_.end() && found->second == ruling;
  }
  [[nodiscard]] bool counts(const MergeEntry& entry) const {
    return !ruled(entry, Verdict::Ruling::void_entry);
  }
  [[nodiscard]] bool trusted(const MergeEntry& entry) const {
    return entry.entry.time_trusted && !ruled(entry, Verdict::Ruling::time_untrusted);
  }

  // Is `older` reached from `newer` by going from entry to parent? Void entries are passed like
  // others.
  [[nodiscard]] bool reaches(const MergeEntry& newer, const Name& older) const {
    const std::vector<Name>& parents = edit_of(newer).parents;
    return std::any_of(parents.begin(), parents.end(), [&](const Name& parent) {
      const auto held = held_.find(parent);
      return held != held_.end() && (parent == older || reaches(*held->second, older));
    });
  }

  // Does `newer` come after `older`, so that a field that both write is `newer`'s?
  [[nodiscard]] bool comes_after(const MergeEntry& newer, const MergeEntry& older) const {
    if (creates(newer) != creates(older)) return creates(older);
    return reaches(newer, older.name);
  }

  [[nodiscard]] std::set<FieldKey> all_fields() const {
    std::set<FieldKey> fields;
    for (const auto& [name, entry] : held_) {
      for (const Change& change : edit_of(*entry).changes)
        fields.insert({change.field, change.key});
    }
    return fields;
  }

  [[nodiscard]] std::vector<Write> writes_of(const FieldKey& key) const {
    std::vector<Write> writes;
    for (const auto& [name, entry] : held_) {
      for (const Change& change : edit_of(*entry).changes) {
        if (counts(*entry) && FieldKey{change.field, change.key} == key) {
          writes.push_back({entry, &change});
        }
      }
    }
    return writes;
  }

  // Ascending by name, because held_ is.
  [[nodiscard]] std::vector<Candidate> candidates_of(const FieldKey& key) const {
    const std::vector<Write> writes = writes_of(key);
    std::vector<Candidate> candidates;
    for (const Write& write : writes) {
      const bool superseded = std::any_of(writes.begin(), writes.end(), [&](const Write& other) {
        return comes_after(*other.entry, *write.entry);
      });
      if (!superseded) candidates.push_back(candidate_of(write));
    }
    return candidates;
  }

  [[nodiscard]] Candidate candidate_of(const Write& write) const {
    const MergeEntry& entry = *write.entry;
    Candidate candidate;
    candidate.name = entry.name;
    candidate.place = entry.entry.place;
    candidate.time = entry.entry.time;
    candidate.time_trusted = trusted(entry);
    candidate.capacity =
        ruled(entry, Verdict::Ruling::capacity_other) ? Capacity::other : entry.entry.capacity;
    candidate.decision = write.change->decision;
    candidate.value = write.change->value;
    return candidate;
  }

  // The newest entry that created the record; while there is none, the newest of all.
  [[nodiscard]] const MergeEntry* home_entry() const {
    const auto rank = [&](const MergeEntry& e) {
      const std::int64_t time = trusted(e) ? e.entry.time.ms : 0;
      return std::tuple(creates(e), trusted(e), time, e.entry.place.log, e.entry.place.seq, e.name);
    };
    const MergeEntry* home = nullptr;
    for (const auto& [name, entry] : held_) {
      if (counts(*entry) && (home == nullptr || rank(*home) < rank(*entry))) home = entry;
    }
    return home;
  }

  const Rulings& rulings_;
  std::map<Name, const MergeEntry*> held_;
};

}  // namespace

RecordState naive_merge(const std::vector<MergeEntry>& entries, const Rulings& rulings) {
  return Twin(entries, rulings).state();
}

}  // namespace tram::sync::test
