#include "sync/session/runs.hpp"

namespace tram::sync {

void RunBuilder::add(const Place& place, Row row) {
  const auto* held = std::get_if<HeldRows>(&row);
  const std::uint64_t seqs = held == nullptr ? 1 : held->count;
  const bool joins = !runs_.empty() && runs_.back().log == place.log && next_seq_ == place.seq;
  if (!joins) runs_.push_back({place.log, place.seq, {}});
  std::vector<Row>& rows = runs_.back().rows;
  auto* last = rows.empty() ? nullptr : std::get_if<HeldRows>(&rows.back());
  if (held != nullptr && last != nullptr) {
    last->count += seqs;
  } else {
    rows.push_back(std::move(row));
  }
  next_seq_ = place.seq + seqs;
}

Row row_of(const HeldEntry& entry) {
  if (entry.bytes) return *entry.bytes;
  return entry.name;
}

std::size_t weight_of(const Row& row) {
  if (const auto* bytes = std::get_if<Bytes>(&row)) return bytes->size() + 2;
  return std::holds_alternative<Name>(row) ? sizeof(Name) + 1 : 2;
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
