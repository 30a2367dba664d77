#include "tests/support/memory_ledger.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/feed/merkle.hpp"

namespace tram::sync::test {

// --- writing ---

void MemoryLedger::apply(const Commit& commit) {
  TRAM_ASSERT(!broken_);
  for (const NewLog& log : commit.logs) put(log);
  for (const NewEntry& entry : commit.entries) put(entry);
  for (const SignedLogHead& head : commit.log_heads) {
    const auto [at, is_new] = log_heads_.emplace(head.log, head);
    if (!is_new && at->second.count < head.count) at->second = head;
  }
  for (const FeedCut& cut : commit.cuts) put(cut);
  for (const FeedAppend& one : commit.appends) append(one);
  for (const FeedAppend& due : commit.deliveries) {
    TRAM_ASSERT(entries_.count(due.name) != 0);
    const bool waits = std::any_of(
        deliveries_.begin(), deliveries_.end(),
        [&](const FeedAppend& known) { return known.feed == due.feed && known.name == due.name; });
    if (!waits && !feed_position(due.feed, due.name)) deliveries_.push_back(due);
  }
  for (const auto& [record, holder] : commit.holders) {
    std::vector<Holder>& held = holders_[record];
    const FeedId& feed = holder.feed;
    const auto at = std::find_if(held.begin(), held.end(),
                                 [&](const Holder& known) { return known.feed == feed; });
    if (at == held.end()) {
      held.push_back(holder);
    } else {
      at->standing = at->standing || holder.standing;
    }
  }
  for (const SignedHead& head : commit.heads) heads_[head.feed].push_back(head);
  for (const auto& [id, progress] : commit.returned) {
    for (Lost& lost : lost_) {
      if (lost.stretch.id == id) lost.stretch.returned = std::max(lost.stretch.returned, progress);
    }
  }
  for (const LineageUpdate& update : commit.lineages) {
    std::vector<Lineage>& known = lineages_[update.device];
    const auto at = std::find_if(known.begin(), known.end(), [&](const Lineage& lineage) {
      return lineage.number == update.lineage.number;
    });
    if (at == known.end()) {
      known.push_back(update.lineage);
    } else {
      *at = update.lineage;
    }
    if (update.copied) copied_.insert(update.device);
  }
  if (commit.visit_state) visit_state_ = commit.visit_state;
  erase_what_is_due();
}

MemoryLedger::Log& MemoryLedger::log_of(const LogId& log) {
  const auto [at, is_new] = logs_.try_emplace(log);
  if (is_new) log_order_.push_back(log);
  return at->second;
}

void MemoryLedger::put(const NewLog& log) {
  if (log.device == PublicKey{}) return;  // its opening did not decode: it stays unknown
  Log& known = log_of(log.log);
  if (known.device != PublicKey{}) return;
  known.device = log.device;
  known.unit = log.unit;
  known.own = log.own;
}

void MemoryLedger::put(const NewEntry& entry) {
  TRAM_ASSERT(!entry.bytes || name_of(*entry.bytes) == entry.name);
  Held& held = entries_.try_emplace(entry.name, Held{entry.place, {}, {}, false}).first->second;
  if (entry.bytes && !held.bytes && !held.erased) {
    held.bytes = entry.bytes;
    if (const Result<Entry> decoded = decode_entry(*entry.bytes)) {
      held.entry = *decoded;
      if (const auto* opening = std::get_if<Opening>(&decoded->body)) {
        put(NewLog{decoded->place.log, opening->device, opening->unit, false});
      }
    }
  }
  Log& log = log_of(entry.place.log);
  std::vector<Standing>& here = log.places[entry.place.seq];
  const auto at = std::find_if(here.begin(), here.end(), [&](const Standing& standing) {
    return standing.name == entry.name;
  });
  const auto index = static_cast<std::size_t>(at - here.begin());
  if (index == here.size()) here.push_back({entry.name, std::nullopt, std::nullopt, false});
  Standing& standing = here[index];
  if (entry.chain && !standing.given) {
    take_chain(entry.place.log, log, entry.place, standing, *entry.chain);
  }
  extend_chains(entry.place.log, log, entry.place.seq);
}

// A given value outranks one that was worked out, and all that was worked out upon it.
void MemoryLedger::take_chain(const LogId& id, Log& log, const Place& place, Standing& standing,
                              const Digest& chain) {
  const bool changes = standing.chain && standing.chain != chain;
  standing.chain = chain;
  standing.given = true;
  standing.before.reset();
  for (const Digest& base : bases_at(id, log, place.seq)) {
    if (chain_next(base, standing.name) == chain) standing.before = base;
  }
  if (!changes) return;
  for (auto later = log.places.upper_bound(place.seq); later != log.places.end(); ++later) {
    for (Standing& each : later->second) {
      if (!each.given) each.chain.reset();
    }
  }
  for (const auto& [seq, here] : log.places) {
    if (seq > place.seq) extend_chains(id, log, seq);
  }
}

std::vector<Digest> MemoryLedger::bases_at(const LogId& id, const Log& log, std::uint64_t seq) {
  if (seq == 0) return {chain_start(id)};
  std::vector<Digest> out;
  const auto before = log.places.find(seq - 1);
  if (before == log.places.end()) return out;
  for (const Standing& standing : before->second) {
    if (standing.chain) out.push_back(*standing.chain);
  }
  return out;
}

// An entry without a given value continues the chain only where no other branch could be meant.
void MemoryLedger::extend_chains(const LogId& id, Log& log, std::uint64_t from) {
  for (auto here = log.places.find(from); here != log.places.end(); ++here) {
    const std::uint64_t seq = here->first;
    const auto before = seq == 0 ? log.places.end() : log.places.find(seq - 1);
    const bool doubt = before != log.places.end() && before->second.size() != 1;
    const std::vector<Digest> bases = bases_at(id, log, seq);
    bool extended = false;
    for (Standing& standing : here->second) {
      if (standing.chain || doubt || bases.empty()) continue;
      standing.before = bases.front();
      standing.chain = chain_next(bases.front(), standing.name);
      extended = true;
    }
    if (!extended && seq != from) return;
  }
}

void MemoryLedger::put(const FeedCut& cut) {
  std::vector<Name>& names = feeds_[cut.feed];
  if (names.size() <= cut.size) return;
  for (Lost& lost : lost_) {
    if (lost.stretch.head.feed != cut.feed) continue;
    lost.stretch.agreed = std::min(lost.stretch.agreed, cut.size);
    lost.stretch.returned = std::min(lost.stretch.returned, cut.size);
  }
  if (cut.head.size == names.size()) {
    lost_.push_back({{next_lost_++, cut.head, cut.size, cut.size}, names});
  }
  for (std::size_t i = cut.size; i < names.size(); ++i) positions_[cut.feed].erase(names[i]);
  names.resize(cut.size);
  leaves_[cut.feed].resize(cut.size);
  std::vector<SignedHead>& heads = heads_[cut.feed];
  heads.erase(std::remove_if(heads.begin(), heads.end(),
                             [&](const SignedHead& head) { return head.size > cut.size; }),
              heads.end());
}

void MemoryLedger::append(const FeedAppend& append) {
  TRAM_ASSERT(entries_.count(append.name) != 0);
  deliveries_.erase(std::remove_if(deliveries_.begin(), deliveries_.end(),
                                   [&](const FeedAppend& due) {
                                     return due.feed == append.feed && due.name == append.name;
                                   }),
                    deliveries_.end());
  if (feed_position(append.feed, append.name)) return;
  positions_[append.feed][append.name] = feeds_[append.feed].size();
  feeds_[append.feed].push_back(append.name);
  leaves_[append.feed].push_back(merkle::leaf_hash(append.name));
}

bool MemoryLedger::deliver(std::size_t max) {
  bool any = false;
  for (; max != 0 && !deliveries_.empty(); --max) {
    const FeedAppend due = deliveries_.front();
    append(due);
    any = true;
  }
  return any;
}

void MemoryLedger::erase_what_is_due() {
  std::set<RecordRef> erased;
  for (const auto& [name, held] : entries_) {
    const auto* erase = held.entry ? std::get_if<Erase>(&held.entry->body) : nullptr;
    if (erase != nullptr && is_hubs(held.place.log)) erased.insert(erase->record);
  }
  if (erased.empty()) return;
  for (auto& [name, held] : entries_) {
    if (!held.entry || !std::holds_alternative<Edit>(held.entry->body)) continue;
    if (erased.count(*sync::record_of(*held.entry, name)) == 0) continue;
    held.bytes.reset();
    held.erased = true;
  }
}

void MemoryLedger::lose_bytes(const Name& name) {
  Held& held = entries_.at(name);
  held.bytes.reset();
  held.entry.reset();
}

// --- reading ---

Status MemoryLedger::status() const {
  if (broken_) return fail(ErrorCode::io, "the memory is broken");
  return {};
}

bool MemoryLedger::is_hubs(const LogId& log) const {
  const auto at = logs_.find(log);
  const std::vector<PublicKey>& keys = options_.hub_keys;
  return at != logs_.end() && std::find(keys.begin(), keys.end(), at->second.device) != keys.end();
}

bool MemoryLedger::has_been_copied(const PublicKey& device) const {
  return copied_.count(device) != 0;
}

std::vector<FeedId> MemoryLedger::feeds() const {
  std::vector<FeedId> out;
  for (const auto& [feed, names] : feeds_) out.push_back(feed);
  return out;
}

std::vector<Name> MemoryLedger::all_names() const {
  std::vector<Name> out;
  for (const auto& [name, held] : entries_) out.push_back(name);
  return out;
}

std::vector<SignedLogHead> MemoryLedger::log_heads() const {
  std::vector<SignedLogHead> out;
  for (const auto& [log, head] : log_heads_) out.push_back(head);
  return out;
}

std::vector<SignedHead> MemoryLedger::heads(const FeedId& feed) const {
  const auto at = heads_.find(feed);
  return at == heads_.end() ? std::vector<SignedHead>{} : at->second;
}

std::optional<Name> MemoryLedger::newest_own_entry() const {
  for (auto id = log_order_.rbegin(); id != log_order_.rend(); ++id) {
    const Log& log = logs_.at(*id);
    if (log.own && !log.places.empty()) return log.places.rbegin()->second.front().name;
  }
  return std::nullopt;
}

std::optional<HeldEntry> MemoryLedger::entry(const Name& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end() || broken_) return std::nullopt;
  return HeldEntry{name, at->second.place, at->second.bytes};
}

std::vector<Name> MemoryLedger::names_at(const Place& place) const {
  std::vector<Name> out;
  const auto log = logs_.find(place.log);
  if (log == logs_.end() || broken_) return out;
  const auto here = log->second.places.find(place.seq);
  if (here == log->second.places.end()) return out;
  for (const Standing& standing : here->second) out.push_back(standing.name);
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<RecordRef> MemoryLedger::record_of(const Name& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second.entry) return std::nullopt;
  return sync::record_of(*at->second.entry, name);
}

std::vector<Name> MemoryLedger::names_without_bytes(const FeedId& feed, std::size_t max) const {
  std::vector<Name> out;
  const auto names = feeds_.find(feed);
  if (names == feeds_.end()) return out;
  for (const Name& name : names->second) {
    const Held& held = entries_.at(name);
    if (!held.bytes && !held.erased && out.size() < max) out.push_back(name);
  }
  return out;
}

std::optional<LogState> MemoryLedger::log(const LogId& log) const {
  const auto at = logs_.find(log);
  if (at == logs_.end()) return std::nullopt;
  LogState state{at->second.device, at->second.unit, {}, at->second.own};
  // A tip: an entry with a chain value that no entry after it goes on from.
  for (const auto& [seq, here] : at->second.places) {
    const auto after = at->second.places.find(seq + 1);
    for (const Standing& standing : here) {
      if (!standing.chain) continue;
      const bool goes_on =
          after != at->second.places.end() &&
          std::any_of(after->second.begin(), after->second.end(),
                      [&](const Standing& next) { return next.before == standing.chain; });
      if (!goes_on) state.tips.push_back({seq + 1, *standing.chain});
    }
  }
  return state;
}

std::vector<Digest> MemoryLedger::chains_at(const LogId& log, std::uint64_t count) const {
  std::vector<Digest> out;
  const auto at = logs_.find(log);
  if (at == logs_.end() || count == 0) return out;
  const auto here = at->second.places.find(count - 1);
  if (here == at->second.places.end()) return out;
  for (const Standing& standing : here->second) {
    if (standing.chain) out.push_back(*standing.chain);
  }
  return out;
}

std::vector<PendingLog> MemoryLedger::pending_logs() const {
  std::vector<PendingLog> out;
  for (const LogId& id : log_order_) {
    const Log& log = logs_.at(id);
    if (!log.own || log.places.empty()) continue;
    for (const auto& [seq, here] : log.places) {
      const bool waits = std::any_of(here.begin(), here.end(), [&](const Standing& standing) {
        return !feed_position(options_.home, standing.name);
      });
      if (!waits) continue;
      out.push_back({id, seq, log.places.rbegin()->first + 1});
      break;
    }
  }
  return out;
}

std::uint64_t MemoryLedger::feed_size(const FeedId& feed) const {
  const auto at = feeds_.find(feed);
  return at == feeds_.end() ? 0 : at->second.size();
}

Digest MemoryLedger::feed_root(const FeedId& feed, std::uint64_t size) const {
  if (size == 0) return merkle::empty_root();
  if (broken_) return {};
  return merkle::root_of(std::span(leaves_.at(feed)).first(size));
}

Digest MemoryLedger::feed_node(const FeedId& feed, unsigned level, std::uint64_t index) const {
  const std::uint64_t width = std::uint64_t{1} << level;
  TRAM_ASSERT((index + 1) * width <= feed_size(feed));
  return merkle::root_of(std::span(leaves_.at(feed)).subspan(index * width, width));
}

std::vector<Name> MemoryLedger::feed_names(const FeedId& feed, std::uint64_t from,
                                           std::size_t max) const {
  std::vector<Name> out;
  const auto at = feeds_.find(feed);
  if (at == feeds_.end()) return out;
  for (std::size_t i = from; i < at->second.size() && out.size() < max; ++i) {
    out.push_back(at->second[i]);
  }
  return out;
}

std::optional<std::uint64_t> MemoryLedger::feed_position(const FeedId& feed,
                                                         const Name& name) const {
  const auto positions = positions_.find(feed);
  if (positions == positions_.end()) return std::nullopt;
  const auto at = positions->second.find(name);
  if (at == positions->second.end()) return std::nullopt;
  return at->second;
}

std::optional<SignedHead> MemoryLedger::newest_head(const FeedId& feed) const {
  const std::vector<SignedHead> known = heads(feed);
  if (known.empty()) return std::nullopt;
  return *std::max_element(known.begin(), known.end(),
                           [](const SignedHead& a, const SignedHead& b) {
                             return std::pair(a.size, a.hub_time) < std::pair(b.size, b.hub_time);
                           });
}

std::vector<LostStretch> MemoryLedger::lost(const FeedId& feed) const {
  std::vector<LostStretch> out;
  for (const Lost& lost : lost_) {
    if (lost.stretch.head.feed == feed) out.push_back(lost.stretch);
  }
  return out;
}

std::vector<Name> MemoryLedger::lost_feed(const LostStretch& stretch) const {
  for (const Lost& lost : lost_) {
    if (lost.stretch.id == stretch.id) return lost.names;
  }
  return {};
}

std::vector<Holder> MemoryLedger::holders(const RecordRef& record) const {
  const auto at = holders_.find(record);
  return at == holders_.end() ? std::vector<Holder>{} : at->second;
}

std::vector<Name> MemoryLedger::record_entries(const FeedId& feed, const RecordRef& record) const {
  std::vector<Name> out;
  for (const Name& name : feed_names(feed, 0, feed_size(feed))) {
    const Held& held = entries_.at(name);
    if (!held.entry) continue;
    const auto* verdict = std::get_if<Verdict>(&held.entry->body);
    const Name& about = verdict == nullptr ? name : verdict->target;
    if (record_of(about) == record) out.push_back(name);
  }
  return out;
}

std::vector<Lineage> MemoryLedger::lineages(const PublicKey& device) const {
  const auto at = lineages_.find(device);
  return at == lineages_.end() ? std::vector<Lineage>{} : at->second;
}

}  // namespace tram::sync::test
