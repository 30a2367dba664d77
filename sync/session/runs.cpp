#include "sync/session/runs.hpp"

#include <algorithm>

#include "sync/ledger/chain.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

// A quarter: offers, fills, statements and proofs stand beside each other, and what does not
// compress must pass as well (limits::frame_packed_bytes_max).
constexpr std::size_t room_bytes_max = limits::frame_bytes_max / 4;
// The log's id, its number, the first seq and the count of rows.
constexpr std::size_t run_bytes = 24;

std::size_t bytes_of(const Row& row) {
  if (const auto* bytes = std::get_if<Bytes>(&row)) return bytes->size() + 4;
  return std::holds_alternative<Name>(row) ? sizeof(Name) + 1 : 4;
}

}  // namespace

Room::Room(std::size_t bytes) : bytes_(std::min(bytes, room_bytes_max)) {}

bool Room::take(std::size_t bytes) {
  if (!untouched() && used_ + bytes > bytes_) return false;
  used_ += bytes;
  return true;
}

bool RunBuilder::add(const Place& place, Row row, Room& room) {
  const auto* held = std::get_if<HeldRows>(&row);
  const std::uint64_t seqs = held == nullptr ? 1 : held->count;
  const bool joins = joinable_ && runs_.back().log == place.log && next_seq_ == place.seq;
  if (entries_ + seqs > limits::frame_entries_max) return false;
  if (!joins && runs_.size() == limits::frame_runs_max) return false;
  auto* last = joins ? std::get_if<HeldRows>(&runs_.back().rows.back()) : nullptr;
  const bool merges = held != nullptr && last != nullptr;
  const std::size_t bytes = (joins ? 0 : run_bytes) + (merges ? 0 : bytes_of(row));
  if (bytes != 0 && !room.take(bytes)) return false;
  if (!joins) runs_.push_back({place.log, place.seq, {}});
  if (merges) {
    last->count += seqs;
  } else {
    runs_.back().rows.push_back(std::move(row));
  }
  next_seq_ = place.seq + seqs;
  entries_ += seqs;
  joinable_ = true;
  return true;
}

std::vector<Name> few_of(std::vector<Name> names, std::size_t offset, std::size_t max) {
  if (names.size() <= max) return names;
  const auto first = static_cast<std::ptrdiff_t>(offset % names.size());
  std::rotate(names.begin(), names.begin() + first, names.end());
  names.resize(max);
  return names;
}

Row row_of(const HeldEntry& entry) {
  if (entry.bytes) return *entry.bytes;
  return entry.name;
}

namespace {

// The entry at `seq` whose chain value is `chain`, and the value before it.
std::optional<std::pair<Name, Digest>> link_at(const LedgerReader& ledger, const LogId& log,
                                               std::uint64_t seq, const Digest& chain) {
  const std::vector<Name> names = ledger.names_at({log, seq});
  const std::vector<Digest> bases =
      seq == 0 ? std::vector<Digest>{chain_start(log)} : ledger.chains_at(log, seq);
  for (const Digest& base : bases) {
    for (const Name& name : names) {
      if (chain_next(base, name) == chain) return std::pair(name, base);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<LogBranch> branch_of(const LedgerReader& ledger, const LogId& log, const LogTip& tip,
                                   std::uint64_t first) {
  LogBranch branch{std::min(first, tip.count), tip.chain, {}};
  for (std::uint64_t seq = tip.count; seq > branch.first; --seq) {
    const auto link = link_at(ledger, log, seq - 1, branch.base);
    if (!link) return std::nullopt;
    branch.names.push_back(link->first);
    branch.base = link->second;
  }
  std::reverse(branch.names.begin(), branch.names.end());
  return branch;
}

std::optional<std::vector<PlacedRow>> rows_of(const LedgerReader& ledger, const EntryRun& run) {
  std::vector<PlacedRow> out;
  std::uint64_t seq = run.first;
  for (const Row& row : run.rows) {
    if (const auto* bytes = std::get_if<Bytes>(&row)) {
      out.push_back({{run.log, seq++}, name_of(*bytes), *bytes});
    } else if (const auto* name = std::get_if<Name>(&row)) {
      out.push_back({{run.log, seq++}, *name, std::nullopt});
    } else {
      for (std::uint64_t i = 0; i < std::get<HeldRows>(row).count; ++i, ++seq) {
        const std::vector<Name> names = ledger.names_at({run.log, seq});
        if (names.size() != 1) return std::nullopt;
        out.push_back({{run.log, seq}, names.front(), std::nullopt});
      }
    }
  }
  return out;
}

BatchDecoder decoder_for(const LedgerReader& ledger) {
  BatchDecoder with;
  with.at = [&ledger](const Place& place) -> std::optional<BatchDecoder::Linked> {
    const std::vector<Name> names = ledger.names_at(place);
    if (names.size() != 1) return std::nullopt;
    return BatchDecoder::Linked{names.front(), ledger.record_of(names.front())};
  };
  with.unit_of = [&ledger](const LogId& log) -> std::optional<std::string> {
    const std::optional<LogState> state = ledger.log(log);
    if (!state || state->unit.empty()) return std::nullopt;
    return state->unit;
  };
  return with;
}

BatchEncoder encoder_for(const LedgerReader& ledger, const FeedId& feed, std::uint64_t size) {
  const auto shared = [&ledger, feed, size](const Name& name) {
    const std::optional<std::uint64_t> position = ledger.feed_position(feed, name);
    return position && *position < size;
  };
  BatchEncoder with;
  with.shared_place = [&ledger, shared](const Name& name) -> std::optional<Place> {
    if (!shared(name)) return std::nullopt;
    const std::optional<HeldEntry> entry = ledger.entry(name);
    if (!entry || ledger.names_at(entry->place).size() != 1) return std::nullopt;
    return entry->place;
  };
  with.record_of = [&ledger](const Name& name) { return ledger.record_of(name); };
  with.unit_of = [&ledger, shared](const LogId& log) -> std::optional<std::string> {
    const std::vector<Name> first = ledger.names_at({log, 0});
    if (first.size() != 1 || !shared(first.front())) return std::nullopt;
    const std::optional<LogState> state = ledger.log(log);
    if (!state || state->unit.empty()) return std::nullopt;
    return state->unit;
  };
  return with;
}

NewEntry new_entry(const PlacedRow& row) {
  return {row.name, row.place, std::nullopt, row.bytes};
}

bool is_opening(const PlacedRow& row) {
  return row.place.seq == 0;
}

NewLog log_opened_by(const PlacedRow& row) {
  NewLog log;
  log.log = row.place.log;
  if (!row.bytes) return log;
  const Result<Entry> entry = decode_entry(*row.bytes);
  if (!entry) return log;
  if (const auto* opening = std::get_if<Opening>(&entry->body)) {
    log.device = opening->device;
    log.unit = opening->unit;
  }
  return log;
}

}  // namespace tram::sync
