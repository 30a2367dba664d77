#include <algorithm>

#include "store/auditor.hpp"
#include "store/sqlite/database.hpp"

// Logs: every sequence number held, the chain computed again, tips, head and opening.
namespace tram::store {

using sync::Digest;
using sync::Status;

namespace {

// A log with this many holes is described well enough.
constexpr std::uint64_t gaps_told_max = 8;

}  // namespace

struct Auditor::LogRow {
  std::int64_t log_id = 0;
  sync::LogId log{};
  std::optional<sync::PublicKey> device;
  std::string unit;
  bool own = false;
  std::optional<sync::SignedLogHead> head;
  std::uint64_t required = 0;  // sequence numbers below must be held: they have been here

  [[nodiscard]] Finding finding(FindingKind kind, std::uint64_t seq, std::string message) const {
    Finding out;
    out.kind = kind;
    out.log = sync::to_hex(log);
    out.seq = seq;
    out.message = std::move(message);
    return out;
  }
};

struct Auditor::LogWalk {
  std::uint64_t next = 0;  // the lowest sequence number not yet met
  std::uint64_t at = 0;
  bool begun = false;
  std::vector<std::optional<Digest>> before;  // chain values one sequence number lower
  std::vector<std::optional<Digest>> here;
  std::set<std::pair<std::uint64_t, Digest>> tips;
};

Status Auditor::logs() {
  Statement statement = database_.prepare(
      "SELECT log_id, log, device, unit, own, head_count, head_chain, head_signature,"
      " coalesce((SELECT max(count) FROM log_tip WHERE log_tip.log_id = log.log_id), 0) AS tip,"
      " coalesce((SELECT max(seq) + 1 FROM entry"
      " WHERE entry.log_id = log.log_id AND pending = 1), 0) AS unsent"
      " FROM log ORDER BY log_id");
  while (row(statement)) {
    LogRow log;
    log.log_id = statement.integer("log_id");
    log.log = statement.array<16>("log");
    if (!statement.is_null("device")) log.device = statement.array<32>("device");
    log.unit = statement.text("unit");
    log.own = statement.flag("own");
    log.required = std::max(statement.number("tip"), statement.number("unsent"));
    if (!statement.is_null("head_count")) {
      log.head = {log.log, statement.number("head_count"), statement.array<32>("head_chain"),
                  statement.array<64>("head_signature")};
      log.required = std::max(log.required, log.head->count);
    }
    check_log(log);
    check_log_head(log);
    check_opening(log);
    progress("logs", ++report_.logs);
  }
  return done();
}

void Auditor::check_log(const LogRow& log) {
  Statement places = database_.prepare(
      "SELECT place.seq, chain, name FROM place LEFT JOIN entry USING (entry_id)"
      " WHERE place.log_id = :log_id ORDER BY place.seq");
  places.bind(":log_id", log.log_id);
  LogWalk walk;
  while (row(places)) check_place(log, walk, places);
  for (std::uint64_t told = 0; walk.next < log.required && told < gaps_told_max; ++told) {
    found(log.finding(FindingKind::log_gap, walk.next++, "an entry of the log is gone"));
  }
  check_tips(log, walk);
}

void Auditor::check_place(const LogRow& log, LogWalk& walk, Statement& place) {
  const std::uint64_t seq = place.number("seq");
  if (!walk.begun || seq != walk.at) {
    const bool follows = walk.begun && seq == walk.at + 1;
    walk.before = follows ? std::move(walk.here) : std::vector<std::optional<Digest>>{};
    if (seq == 0) walk.before.emplace_back(sync::chain_start(log.log));
    walk.here.clear();
    walk.at = seq;
    walk.begun = true;
  }
  for (std::uint64_t told = 0; walk.next < std::min(seq, log.required) && told < gaps_told_max;
       ++told) {
    found(log.finding(FindingKind::log_gap, walk.next++, "an entry of the log is gone"));
  }
  // This disk and the hub's were put back, and others hold a part of what was written since.
  if (log.own && walk.next < seq && walk.next >= log.required) {
    Finding nowhere = log.finding(FindingKind::log_gap, walk.next,
                                  "what this computer wrote from here to number " +
                                      std::to_string(seq - 1) + " never came back");
    nowhere.information = true;
    found(std::move(nowhere));
  }
  walk.next = std::max(walk.next, seq + 1);
  std::optional<Digest> chain;
  if (!place.is_null("chain")) chain = place.array<32>("chain");
  walk.here.push_back(chain);
  if (place.is_null("name")) {
    found(log.finding(FindingKind::entry_missing, seq, "the entry that stands here is gone"));
    return;
  }
  check_chain(log, walk, seq, place.array<32>("name"), chain);
}

void Auditor::check_chain(const LogRow& log, LogWalk& walk, std::uint64_t seq,
                          const sync::Name& name, const std::optional<Digest>& chain) {
  if (!chain) {
    if (walk.before.size() == 1 && walk.before.front()) {
      found(log.finding(FindingKind::log_chain, seq, "the chain value is gone"));
    }
    return;
  }
  for (const std::optional<Digest>& before : walk.before) {
    if (!before || sync::chain_next(*before, name) != *chain) continue;
    walk.tips.erase({seq, *before});
    walk.tips.insert({seq + 1, *chain});
    return;
  }
  found(log.finding(FindingKind::log_chain, seq, "the chain does not lead here"));
}

void Auditor::check_tips(const LogRow& log, const LogWalk& walk) {
  std::set<std::pair<std::uint64_t, Digest>> stored;
  Statement tips = database_.prepare("SELECT count, chain FROM log_tip WHERE log_id = :log_id");
  tips.bind(":log_id", log.log_id);
  while (row(tips)) stored.insert({tips.number("count"), tips.array<32>("chain")});
  if (stored == walk.tips) return;
  const std::uint64_t count = stored.empty() ? 0 : stored.rbegin()->first;
  found(log.finding(FindingKind::log_row, count == 0 ? 0 : count - 1,
                    "the log does not end where it ended"));
}

void Auditor::check_log_head(const LogRow& log) {
  if (!log.head) return;
  const std::uint64_t seq = log.head->count == 0 ? 0 : log.head->count - 1;
  const std::vector<Digest> chains = unit_.chains_at(log.log, log.head->count);
  if (std::find(chains.begin(), chains.end(), log.head->chain) == chains.end()) {
    found(log.finding(FindingKind::log_head, seq, "the signed head is not the chain's"));
  }
  if (!log.device || !sync::verify_log_head(*log.device, *log.head)) {
    found(log.finding(FindingKind::log_head, seq, "the head is not signed by the log's device"));
  }
}

void Auditor::check_opening(const LogRow& log) {
  Statement opening = database_.prepare(
      "SELECT bytes FROM place JOIN entry USING (entry_id) WHERE place.log_id = :log_id"
      " AND place.seq = 0 AND form = 1 AND misplaced = 0 AND bytes IS NOT NULL");
  opening.bind(":log_id", log.log_id);
  while (row(opening)) {
    const auto entry = sync::decode_entry(opening.blob("bytes"));
    const auto* body = entry ? std::get_if<sync::Opening>(&entry->body) : nullptr;
    if (body == nullptr) continue;
    if (log.device != body->device || log.unit != body->unit) {
      found(log.finding(FindingKind::log_row, 0, "device or unit differ from the opening's"));
    }
  }
}

}  // namespace tram::store
