#include "sync/wire/row_codec.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/ledger/body_codec.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

// How a row names its record.
enum class RecordMode : std::uint8_t {
  existing = 0,    // by its id
  self = 1,        // this entry creates it
  created_as = 2,  // this entry creates it; its id follows
  of_parent = 3,   // the record of the first parent
  derived = 4,  // this entry creates it; its id follows from the log's unit and the record's code
};

// How a row names a parent: 0 by its name, 1 in the same log, n + 2 in log n of the batch.
constexpr std::uint64_t parent_by_name = 0;
constexpr std::uint64_t parent_in_log = 1;
constexpr std::uint64_t parent_in_other = 2;

constexpr std::uint8_t flag_trusted = 1;
constexpr std::uint8_t flag_actor = 8;
constexpr std::uint8_t flags_known = 15;

std::optional<std::string> code_in(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (change.field.number == field_number::code && change.value) {
      return std::string(as_text(*change.value));
    }
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t RowEncoder::log_number(const LogId& log) {
  const auto [at, is_new] = log_numbers_.emplace(log, logs_.size());
  if (is_new) logs_.push_back(log);
  return at->second;
}

void RowEncoder::write(Writer& out, const Place& place, const Bytes& bytes) {
  const Name name = name_of(bytes);
  newest_at_[place] = name;
  const Result<Entry> entry = decode_entry(bytes);
  if (!entry || entry->place != place) {
    out.u8(static_cast<std::uint8_t>(RowKind::verbatim));
    out.bytes(bytes);
    return;
  }
  out.u8(static_cast<std::uint8_t>(RowKind::entry));
  out.u8(form_of(entry->body));
  out.u8(static_cast<std::uint8_t>((entry->time_trusted ? flag_trusted : 0U) |
                                   (static_cast<unsigned>(entry->capacity) << 1U) |
                                   (entry->actor ? flag_actor : 0U)));
  out.zigzag(entry->time.ms - last_time_);
  last_time_ = entry->time.ms;
  if (entry->actor) out.raw(*entry->actor);
  write_body(out, *entry);
  written_[name] = {place, record_of(*entry, name)};
  if (const auto* opening = std::get_if<Opening>(&entry->body)) {
    units_[place.log] = opening->unit;
  }
}

void RowEncoder::write_body(Writer& out, const Entry& entry) {
  if (const auto* edit = std::get_if<Edit>(&entry.body)) {
    write_edit(out, entry, *edit);
  } else {
    sync::write_body(out, entry.body);
  }
}

void RowEncoder::write_edit(Writer& out, const Entry& entry, const Edit& edit) {
  auto mode = static_cast<RecordMode>(edit.target);
  if (mode == RecordMode::existing && parent_has_record(entry.place, edit)) {
    mode = RecordMode::of_parent;
  }
  if (mode == RecordMode::created_as && id_is_derived(entry.place, edit)) {
    mode = RecordMode::derived;
  }
  out.varint(edit.kind);
  out.u8(static_cast<std::uint8_t>(mode));
  if (mode == RecordMode::existing || mode == RecordMode::created_as) out.raw(edit.id);
  write_parents(out, entry.place, edit.parents);
  write_changes(out, edit.changes);
}

void RowEncoder::write_parents(Writer& out, const Place& place, const std::vector<Name>& parents) {
  out.varint(parents.size());
  for (const Name& parent : parents) {
    const std::optional<Place> known = reference_to(parent, place);
    if (!known) {
      out.varint(parent_by_name);
      out.raw(parent);
    } else if (known->log == place.log) {
      out.varint(parent_in_log);
      out.varint(place.seq - known->seq);
    } else {
      out.varint(parent_in_other + log_number(known->log));
      out.varint(known->seq);
    }
  }
}

std::optional<Place> RowEncoder::reference_to(const Name& parent, const Place& from) const {
  const auto written = written_.find(parent);
  const std::optional<Place> place =
      written != written_.end() ? written->second.place : with_.shared_place(parent);
  if (!place) return std::nullopt;
  // A reader looks into the batch first; where it holds another branch of a log, a place misleads.
  const auto here = newest_at_.find(*place);
  if (here != newest_at_.end() && here->second != parent) return std::nullopt;
  if (place->log == from.log) return place->seq < from.seq ? place : std::nullopt;
  const bool room = logs_.size() < limits::frame_runs_max || log_numbers_.count(place->log) != 0;
  return room ? place : std::nullopt;
}

bool RowEncoder::parent_has_record(const Place& place, const Edit& edit) const {
  if (edit.parents.empty() || !reference_to(edit.parents.front(), place)) return false;
  const auto at = written_.find(edit.parents.front());
  const std::optional<RecordRef> record =
      at != written_.end() ? at->second.record : with_.record_of(edit.parents.front());
  return record == RecordRef{edit.kind, edit.id};
}

bool RowEncoder::id_is_derived(const Place& place, const Edit& edit) const {
  const auto opened = units_.find(place.log);
  const std::optional<std::string> unit =
      opened != units_.end() ? opened->second : with_.unit_of(place.log);
  const std::optional<std::string> code = code_in(edit.changes);
  return unit && code && imported_record_id(*unit, *code) == edit.id;
}

Bytes RowDecoder::read_verbatim(const Place& place) {
  Bytes bytes = to_bytes(in_.bytes(limits::entry_bytes_max));
  if (!in_.failed() && !unresolved_) remember(place, bytes);
  return bytes;
}

Row RowDecoder::read_entry(const Place& place) {
  Entry entry;
  entry.place = place;
  const std::uint8_t form = in_.u8();
  const std::uint8_t flags = in_.u8();
  const std::uint8_t capacity = (flags >> 1U) & 3U;
  if ((flags & ~flags_known) != 0 || capacity > 2) in_.refuse("unknown flags");
  entry.time_trusted = (flags & flag_trusted) != 0;
  entry.capacity = static_cast<Capacity>(capacity);
  const std::int64_t difference = in_.zigzag();
  constexpr auto time_max = static_cast<std::int64_t>(limits::time_ms_max);
  if (difference < -time_max || difference > time_max || last_time_ + difference < 0 ||
      last_time_ + difference > time_max) {
    in_.refuse("a time out of range");
    return Bytes{};
  }
  last_time_ += difference;
  entry.time.ms = last_time_;
  if ((flags & flag_actor) != 0) entry.actor = in_.array<16>();
  read_body(entry, form);
  if (in_.failed() || unresolved_) return Bytes{};
  Bytes bytes = encode_entry(entry);
  if (bytes.size() > limits::entry_bytes_max) in_.refuse("an entry is too large");
  remember(place, bytes);
  if (const auto* opening = std::get_if<Opening>(&entry.body)) units_[place.log] = opening->unit;
  return bytes;
}

void RowDecoder::read_body(Entry& entry, std::uint8_t form) {
  static const std::uint8_t edit_form = form_of(Edit{});
  if (form == edit_form) {
    entry.body = read_edit(entry.place);
  } else {
    entry.body = sync::read_body(in_, form);
  }
}

Edit RowDecoder::read_edit(const Place& place) {
  Edit edit;
  edit.kind = static_cast<std::uint32_t>(in_.varint(UINT32_MAX));
  const std::uint8_t mode = in_.u8();
  if (mode > static_cast<std::uint8_t>(RecordMode::derived)) in_.refuse("unknown record mode");
  const auto record_mode = static_cast<RecordMode>(mode);
  const bool has_id = record_mode == RecordMode::existing || record_mode == RecordMode::created_as;
  if (has_id) edit.id = in_.array<16>();
  std::optional<RecordRef> parent_record;
  edit.parents = read_parents(place, parent_record);
  edit.changes = read_changes(in_);
  switch (record_mode) {
    case RecordMode::existing: break;
    case RecordMode::self: edit.target = Edit::Target::self; break;
    case RecordMode::created_as: edit.target = Edit::Target::created_as; break;
    case RecordMode::of_parent:
      if (edit.parents.empty() && !unresolved_) in_.refuse("a record of no parent");
      if (!parent_record || parent_record->kind != edit.kind) unresolved_ = true;
      if (parent_record) edit.id = parent_record->id;
      break;
    case RecordMode::derived: {
      edit.target = Edit::Target::created_as;
      const auto opened = units_.find(place.log);
      const std::optional<std::string> unit =
          opened != units_.end() ? opened->second : with_.unit_of(place.log);
      const std::optional<std::string> code = code_in(edit.changes);
      if (!code) in_.refuse("a derived id without a code");
      if (!unit) unresolved_ = true;
      if (unit && code) edit.id = imported_record_id(*unit, *code);
      break;
    }
  }
  return edit;
}

std::vector<Name> RowDecoder::read_parents(const Place& place,
                                           std::optional<RecordRef>& parent_record) {
  std::vector<Name> parents;
  bool looked_up = false;
  const std::size_t count = in_.count(limits::parents_max, 2);
  for (std::size_t i = 0; i < count && !in_.failed(); ++i) {
    const std::uint64_t reference = in_.varint();
    if (reference == parent_by_name) {
      parents.push_back(in_.array<32>());
      continue;
    }
    looked_up = true;
    const Place at = read_place(reference, place);
    if (in_.failed() || unresolved_) continue;
    const auto earlier = read_.find(at);
    const std::optional<BatchDecoder::Linked> linked =
        earlier != read_.end() ? earlier->second : with_.at(at);
    if (!linked) {
      unresolved_ = true;
      continue;
    }
    parents.push_back(linked->name);
    if (i == 0) parent_record = linked->record;
  }
  for (std::size_t i = 1; i < parents.size(); ++i) {
    if (parents[i - 1] < parents[i]) continue;
    // After look-ups it means that the sender knows other entries at these places than we do.
    if (!looked_up) in_.refuse("parents are out of order");
    unresolved_ = true;
  }
  return parents;
}

Place RowDecoder::read_place(std::uint64_t reference, const Place& at) {
  const std::uint64_t number = in_.varint(UINT32_MAX);
  if (reference == parent_in_log) {
    if (number == 0 || number > at.seq) in_.refuse("a parent that is not earlier");
    return {at.log, at.seq - number};
  }
  if (reference - parent_in_other >= logs_.size()) {
    in_.refuse("a parent in an unknown log");
    return {};
  }
  return {logs_[reference - parent_in_other], number};
}

void RowDecoder::remember(const Place& place, const Bytes& bytes) {
  const Name name = name_of(bytes);
  BatchDecoder::Linked linked{name, std::nullopt};
  if (const Result<Entry> entry = decode_entry(bytes)) linked.record = record_of(*entry, name);
  read_[place] = linked;
}

}  // namespace tram::sync
