#include "sync/session/routing.hpp"

#include <algorithm>

namespace tram::sync {

namespace {

Holder* find_holder(std::vector<Holder>& holders, const FeedId& feed) {
  const auto at = std::find_if(holders.begin(), holders.end(),
                               [&](const Holder& holder) { return holder.feed == feed; });
  return at == holders.end() ? nullptr : &*at;
}

// Only the whole tag is custody: a field of another type or policy under its number moves nothing.
std::optional<std::string> new_custody(const Edit& edit) {
  static const FieldTag custody{field_number::custody, "", ValueType::token, Policy::authority};
  for (const Change& change : edit.changes) {
    if (change.field == custody && change.value) return std::string(as_text(*change.value));
  }
  return std::nullopt;
}

}  // namespace

void Router::accept(const FeedId& home, const Name& name, const Place& place,
                    const std::optional<Bytes>& bytes) {
  commit_.appends.push_back({home, name});
  places_[name] = place;
  if (place.seq == 0) openings_[place.log] = name;
  if (!bytes) return;
  const Result<Entry> entry = decode_entry(*bytes);
  if (!entry) return;
  if (const auto* edit = std::get_if<Edit>(&entry->body)) {
    route_edit(home, name, *record_of(*entry, name), *edit);
  } else if (const auto* verdict = std::get_if<Verdict>(&entry->body)) {
    if (const auto record = ledger_.record_of(verdict->target)) {
      route_to_holders_of(home, name, *record);
    }
  } else if (const auto* erase = std::get_if<Erase>(&entry->body)) {
    route_to_holders_of(home, name, erase->record);
  }
}

void Router::route_edit(const FeedId& home, const Name& name, const RecordRef& record,
                        const Edit& edit) {
  std::vector<Holder>& held = holders(record);
  if (find_holder(held, home) == nullptr) {
    const bool first = std::none_of(held.begin(), held.end(),
                                    [](const Holder& holder) { return holder.standing; });
    held.push_back({home, first});
    commit_.holders.emplace_back(record, held.back());
  }
  accepted_[record].push_back(name);
  if (!find_holder(held, home)->standing) return;
  route_to_holders_of(home, name, record);
  const std::optional<std::string> custody = new_custody(edit);
  if (!custody || *custody == home || custody->empty()) return;
  Holder* receiver = find_holder(held, *custody);
  if (receiver != nullptr && receiver->standing) return;
  if (receiver == nullptr) {
    held.push_back({*custody, true});
  } else {
    receiver->standing = true;  // what it wrote before it had the record is heard from now on
    for (const Holder& other : held) {
      if (other.standing && other.feed != *custody) give_history(*custody, other.feed, record);
    }
  }
  commit_.holders.emplace_back(record, *find_holder(held, *custody));
  give_history(home, *custody, record);
}

void Router::route_to_holders_of(const FeedId& home, const Name& name, const RecordRef& record) {
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
  for (const Name& name : ledger_.record_entries(from, record)) deliver(to, name);
  for (const Name& name : accepted_[record]) deliver(to, name);
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
