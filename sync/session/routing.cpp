#include "sync/session/routing.hpp"

#include <algorithm>

#include "sync/limits.hpp"

namespace tram::sync {

namespace {

Holder* find_holder(std::vector<Holder>& holders, const FeedId& feed) {
  const auto at = std::find_if(holders.begin(), holders.end(),
                               [&](const Holder& holder) { return holder.feed == feed; });
  return at == holders.end() ? nullptr : &*at;
}

std::optional<std::string> code_in(const Edit& edit) {
  for (const Change& change : edit.changes) {
    if (change.field.number == field_number::code && change.value) {
      return std::string(as_text(*change.value));
    }
  }
  return std::nullopt;
}

// Only the whole tag is custody: a field of another type or policy under its number moves nothing.
// Nor does a value that can be no unit; above all, no dossier into the feed that all read.
std::optional<std::string> new_custody(const Edit& edit) {
  static const FieldTag custody{field_number::custody, "", ValueType::token, Policy::authority};
  for (const Change& change : edit.changes) {
    if (change.field != custody || !change.value) continue;
    std::string unit(as_text(*change.value));
    const bool fits = !unit.empty() && unit.size() <= limits::unit_bytes_max;
    return fits && unit != province_feed ? std::optional(unit) : std::nullopt;
  }
  return std::nullopt;
}

// An id that every importer computes alike belongs to the unit that it was computed for.
bool creates_at(const FeedId& home, const Edit& edit) {
  if (edit.target == Edit::Target::self) return true;
  const std::optional<std::string> code = code_in(edit);
  return edit.target == Edit::Target::created_as && code &&
         edit.id == imported_record_id(home, *code);
}

}  // namespace

void Router::accept(const FeedId& home, const Name& name, const Place& place,
                    const std::optional<Bytes>& bytes) {
  take(home, name, place);
  if (!bytes) return;
  const Result<Entry> entry = decode_entry(*bytes);
  if (!entry) return;
  if (const auto* edit = std::get_if<Edit>(&entry->body)) {
    route_edit(home, name, *record_of(*entry, name), *edit);
  } else if (const auto* verdict = std::get_if<Verdict>(&entry->body)) {
    if (const auto record = record_of_target(verdict->target)) route_ruling(home, name, *record);
  } else if (const auto* erase = std::get_if<Erase>(&entry->body)) {
    route_ruling(home, name, erase->record);
  }
}

void Router::restore(const FeedId& feed, const FeedId& home, const Name& name, const Place& place,
                     const std::optional<Bytes>& bytes) {
  if (bytes) {
    const Result<Entry> entry = decode_entry(*bytes);
    if (entry && std::holds_alternative<Edit>(entry->body)) {
      stood_in_both(feed, home, name, *record_of(*entry, name));
    }
  }
  accept(feed, name, place, bytes);
}

void Router::take(const FeedId& feed, const Name& name, const Place& place) {
  commit_.appends.push_back({feed, name});
  places_[name] = place;
  if (place.seq == 0) openings_[place.log] = name;
}

void Router::route_edit(const FeedId& home, const Name& name, const RecordRef& record,
                        const Edit& edit) {
  std::vector<Holder>& held = holders(record);
  if (find_holder(held, home) == nullptr) {
    held.push_back({home, false});
    commit_.holders.emplace_back(record, held.back());
  }
  accepted_[{home, record}].push_back(name);
  records_[name] = record;
  const std::optional<std::string> custody = new_custody(edit);
  if (custody) custody_[name] = *custody;
  if (creates_at(home, edit)) give_standing(home, record);
  if (!has_standing(home, record)) return;
  deliver_to_others(home, name, record);
  if (custody) give_standing(*custody, record);
}

// The hub rules in the feed where the entry stands; where that is no more than a claim on another's
// record, the ruling goes no further than the claim.
void Router::route_ruling(const FeedId& home, const Name& name, const RecordRef& record) {
  accepted_[{home, record}].push_back(name);
  if (home == province_feed || has_standing(home, record)) deliver_to_others(home, name, record);
}

// The hub itself writes in any feed: its own entries are at home where they stand.
void Router::stood_in_both(const FeedId& feed, const FeedId& home, const Name& name,
                           const RecordRef& record) {
  std::vector<FeedId> others;
  if (!home.empty() && home != feed && home != province_feed) others.push_back(home);
  for (const Holder& holder : holders(record)) {
    const std::vector<Name>& accepted = accepted_[{holder.feed, record}];
    const bool stands = ledger_.feed_position(holder.feed, name) ||
                        std::find(accepted.begin(), accepted.end(), name) != accepted.end();
    if (holder.feed != feed && stands) others.push_back(holder.feed);
  }
  for (const FeedId& other : others) {
    give_standing(feed, record);
    give_standing(other, record);
  }
}

bool Router::has_standing(const FeedId& feed, const RecordRef& record) {
  const Holder* holder = find_holder(holders(record), feed);
  return holder != nullptr && holder->standing;
}

void Router::give_standing(const FeedId& feed, const RecordRef& record) {
  if (has_standing(feed, record)) return;
  std::vector<Holder>& held = holders(record);
  if (find_holder(held, feed) == nullptr) held.push_back({feed, false});
  find_holder(held, feed)->standing = true;
  commit_.holders.emplace_back(record, Holder{feed, true});
  for (const Holder& other : held) {
    if (!other.standing || other.feed == feed) continue;
    give_history(feed, other.feed, record);
    give_history(other.feed, feed, record);
  }
  std::set<std::string> receivers;
  for (const Name& name : history(feed, record)) {
    if (const auto custody = custody_by(name)) receivers.insert(*custody);
  }
  for (const std::string& receiver : receivers) give_standing(receiver, record);
}

void Router::deliver_to_others(const FeedId& home, const Name& name, const RecordRef& record) {
  for (const Holder& holder : holders(record)) {
    if (holder.standing && holder.feed != home) deliver(holder.feed, name);
  }
}

std::vector<Holder>& Router::holders(const RecordRef& record) {
  const auto [at, is_new] = holders_.try_emplace(record);
  if (is_new) at->second = ledger_.holders(record);
  return at->second;
}

void Router::give_history(const FeedId& from, const FeedId& to, const RecordRef& record) {
  for (const Name& name : history(from, record)) deliver(to, name);
}

// What a unit with standing wrote stands in its own feed from the first moment; so the feeds of all
// of them together have the whole record, whatever deliveries are still under way.
std::vector<Name> Router::history(const FeedId& feed, const RecordRef& record) {
  std::vector<Name> names = ledger_.record_entries(feed, record);
  const std::vector<Name>& accepted = accepted_[{feed, record}];
  names.insert(names.end(), accepted.begin(), accepted.end());
  return names;
}

std::optional<std::string> Router::custody_by(const Name& name) const {
  if (const auto at = custody_.find(name); at != custody_.end()) return at->second;
  const std::optional<HeldEntry> held = ledger_.entry(name);
  if (!held || !held->bytes) return std::nullopt;
  const Result<Entry> entry = decode_entry(*held->bytes);
  if (!entry) return std::nullopt;
  const auto* edit = std::get_if<Edit>(&entry->body);
  return edit == nullptr ? std::nullopt : new_custody(*edit);
}

std::optional<RecordRef> Router::record_of_target(const Name& target) const {
  const auto at = records_.find(target);
  return at != records_.end() ? at->second : ledger_.record_of(target);
}

void Router::deliver(const FeedId& feed, const Name& name) {
  if (const auto opening = opening_of(name); opening && *opening != name) {
    commit_.deliveries.push_back({feed, *opening});
  }
  commit_.deliveries.push_back({feed, name});
}

std::optional<Name> Router::opening_of(const Name& name) const {
  LogId log{};
  if (const auto at = places_.find(name); at != places_.end()) {
    log = at->second.log;
  } else if (const auto held = ledger_.entry(name)) {
    log = held->place.log;
  } else {
    return std::nullopt;
  }
  if (const auto at = openings_.find(log); at != openings_.end()) return at->second;
  const std::vector<Name> first = ledger_.names_at({log, 0});
  if (first.empty()) return std::nullopt;
  return first.front();
}

}  // namespace tram::sync
