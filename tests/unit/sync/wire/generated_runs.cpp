// Random batches for the tests of the wire: every kind of row, record and parent.
// Entries lean on what came before them, in a shared history or in the batch itself.
#include "tests/unit/sync/wire/generated_runs.hpp"

namespace tram::sync::test {

namespace {

const FieldTag code_field{field_number::code, "", ValueType::code, Policy::latest};

// Draws entries that lean on what came before them, in the shared history or in the batch.
class Generator {
 public:
  GeneratedBatch batch() {
    const int shared = *rc::gen::inRange(0, 6);
    for (int i = 0; i < shared; ++i) {
      const Place place = next_place();
      const Bytes bytes = entry_at(place);
      remember(place, bytes);
      out_.shared.at[place] = name_of(bytes);
      out_.shared.place_of[name_of(bytes)] = place;
      if (const auto record = records_.find(name_of(bytes)); record != records_.end()) {
        out_.shared.records[name_of(bytes)] = record->second;
      }
    }
    out_.shared.units = units_;
    out_.shared.logs = logs_;
    const int runs = *rc::gen::inRange(0, 5);
    for (int i = 0; i < runs; ++i) out_.runs.push_back(run());
    return out_;
  }

 private:
  EntryRun run() {
    const Place first = next_place();
    EntryRun run{first.log, first.seq, {}};
    std::uint64_t seq = first.seq;
    const int rows = *rc::gen::inRange(1, 6);
    for (int i = 0; i < rows; ++i) {
      run.rows.push_back(row({run.log, seq}));
      const auto* held = std::get_if<HeldRows>(&run.rows.back());
      seq += held == nullptr ? 1 : held->count;
    }
    counts_[run.log] = seq;
    return run;
  }

  Row row(const Place& place) {
    switch (*rc::gen::inRange(0, 10)) {
      case 0: return *any_array<32>();
      case 1: return HeldRows{*rc::gen::inRange<std::uint64_t>(1, 300)};
      case 2: return *any_bytes(40);
      case 3: return encode_entry(*any_entry());  // of another place
      default: {
        Bytes bytes = entry_at(place);
        remember(place, bytes);
        return bytes;
      }
    }
  }

  Place next_place() {
    if (logs_.empty() || *rc::gen::inRange(0, 3) == 0) logs_.push_back(*any_array<16>());
    const LogId log = *rc::gen::elementOf(logs_);
    return {log, counts_[log]++};
  }

  Bytes entry_at(const Place& place) {
    Entry entry = *any_entry();
    entry.place = place;
    if (place.seq == 0) {
      entry.body = Opening{*any_array<32>(), *any_text(1, 6), std::nullopt};
      units_[place.log] = std::get<Opening>(entry.body).unit;
    } else if (*rc::gen::inRange(0, 4) != 0) {
      entry.body = edit(place);
    }
    return encode_entry(entry);
  }

  Edit edit(const Place& place) {
    Edit edit;
    edit.kind = 1;
    edit.changes = *any_changes();
    edit.parents = *any_parents();
    const int known = names_.empty() ? 0 : *rc::gen::inRange(0, 4);
    for (int i = 0; i < known; ++i) edit.parents.push_back(*rc::gen::elementOf(names_));
    std::sort(edit.parents.begin(), edit.parents.end());
    edit.parents.erase(std::unique(edit.parents.begin(), edit.parents.end()), edit.parents.end());
    edit.target = static_cast<Edit::Target>(*rc::gen::inRange(0, 3));
    if (edit.target == Edit::Target::self) return edit;
    edit.id = *any_array<16>();
    if (edit.target == Edit::Target::created_as) {
      const auto unit = units_.find(place.log);
      if (unit == units_.end() || *rc::gen::arbitrary<bool>()) return edit;
      edit.changes = {{code_field, "", false, encode_text("H36.49-250701-0001")}};
      edit.id = imported_record_id(unit->second, "H36.49-250701-0001");
    } else if (!edit.parents.empty()) {
      const auto record = records_.find(edit.parents.front());
      if (record != records_.end()) edit.id = record->second.id;
    }
    return edit;
  }

  void remember(const Place& place, const Bytes& bytes) {
    const Name name = name_of(bytes);
    names_.push_back(name);
    const Result<Entry> entry = decode_entry(bytes);
    if (const auto record = record_of(*entry, name)) records_[name] = *record;
    counts_[place.log] = std::max(counts_[place.log], place.seq + 1);
  }

  GeneratedBatch out_;
  std::vector<LogId> logs_;
  std::map<LogId, std::uint64_t> counts_;
  std::map<LogId, std::string> units_;
  std::vector<Name> names_;
  std::map<Name, RecordRef> records_;
};

template <class Map, class Key>
auto find_in(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto at = map.find(key);
  return at == map.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

BatchEncoder SharedHistory::encoder() const {
  return {[this](const Name& name) { return find_in(place_of, name); },
          [this](const Name& name) { return find_in(records, name); },
          [this](const LogId& log) { return find_in(units, log); }};
}

BatchDecoder SharedHistory::decoder() const {
  BatchDecoder with;
  with.at = [this](const Place& place) -> std::optional<BatchDecoder::Linked> {
    const auto name = find_in(at, place);
    if (!name) return std::nullopt;
    return BatchDecoder::Linked{*name, find_in(records, *name)};
  };
  with.unit_of = [this](const LogId& log) { return find_in(units, log); };
  return with;
}

rc::Gen<GeneratedBatch> any_batch() {
  return rc::gen::exec([] { return Generator().batch(); });
}

}  // namespace tram::sync::test
