#include "sync/wire/batch.hpp"

#include <algorithm>
#include <map>

#include "sync/core/assert.hpp"
#include "sync/core/codec.hpp"
#include "sync/limits.hpp"
#include "sync/wire/row_codec.hpp"

namespace tram::sync {

namespace {

constexpr std::uint8_t layout_rows = 1;

void write_row(Writer& out, RowEncoder& encoder, const EntryRun& run, std::uint64_t seq,
               const Row& row) {
  if (const auto* held = std::get_if<HeldRows>(&row)) {
    TRAM_ASSERT(held->count > 0);
    out.u8(static_cast<std::uint8_t>(RowKind::held));
    out.varint(held->count);
  } else if (const auto* name = std::get_if<Name>(&row)) {
    out.u8(static_cast<std::uint8_t>(RowKind::name));
    out.raw(*name);
  } else {
    encoder.write(out, {run.log, seq}, std::get<Bytes>(row));
  }
}

std::uint64_t seqs_of(const Row& row) {
  const auto* held = std::get_if<HeldRows>(&row);
  return held == nullptr ? 1 : held->count;
}

}  // namespace

BatchEncoder plain_encoder() {
  return {[](const Name&) { return std::nullopt; }, [](const Name&) { return std::nullopt; },
          [](const LogId&) { return std::nullopt; }};
}

Bytes encode_batch(const std::vector<EntryRun>& runs, const BatchEncoder& with) {
  RowEncoder encoder(with);
  // The logs of the runs come first: parents' logs get the room that is left.
  for (const EntryRun& run : runs) encoder.log_number(run.log);
  TRAM_ASSERT(encoder.logs().size() <= limits::frame_runs_max);
  Writer body;
  for (const EntryRun& run : runs) {
    body.varint(encoder.log_number(run.log));
    body.varint(run.first);
    body.varint(run.rows.size());
    std::uint64_t seq = run.first;
    encoder.begin_run();
    for (const Row& row : run.rows) {
      write_row(body, encoder, run, seq, row);
      seq += seqs_of(row);
    }
  }
  Writer out;
  out.u8(layout_rows);
  out.varint(encoder.logs().size());
  for (const LogId& log : encoder.logs()) out.raw(log);
  out.varint(runs.size());
  out.raw(body.view());
  return out.take();
}

namespace {

std::vector<LogId> read_logs(Reader& in) {
  std::vector<LogId> logs;
  const std::size_t count = in.count(limits::frame_runs_max, sizeof(LogId));
  logs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    logs.push_back(in.array<16>());
    if (std::count(logs.begin(), logs.end() - 1, logs.back()) != 0) in.refuse("a log twice");
  }
  return logs;
}

class BatchReader {
 public:
  BatchReader(Reader& in, const std::vector<LogId>& logs, const BatchDecoder& with)
      : in_(in), logs_(logs), rows_(in, logs, with) {}

  EntryRun run() {
    EntryRun run;
    const std::uint64_t log = in_.varint(logs_.empty() ? 0 : logs_.size() - 1);
    if (logs_.empty()) in_.refuse("a run of no log");
    run.first = in_.varint(UINT32_MAX);
    const std::size_t count = in_.count(limits::frame_entries_max, 2);
    if (count == 0) in_.refuse("an empty run");
    if (in_.failed()) return run;
    run.log = logs_[log];
    std::uint64_t seq = run.first;
    rows_.begin_run();
    for (std::size_t i = 0; i < count && !in_.failed(); ++i) {
      std::optional<Row> row = read_row({run.log, seq});
      if (!row) continue;
      seq += seqs_of(*row);
      entries_ += seqs_of(*row);
      if (entries_ > limits::frame_entries_max) in_.refuse("too many entries");
      if (!unresolved()) run.rows.push_back(std::move(*row));
    }
    return run;
  }

  [[nodiscard]] bool unresolved() const { return rows_.unresolved(); }

 private:
  std::optional<Row> read_row(const Place& place) {
    const std::uint8_t kind = in_.u8();
    switch (static_cast<RowKind>(kind)) {
      case RowKind::held: {
        // A stretch is a few bytes here and as many entries where it is read.
        const std::uint64_t count = in_.varint(limits::frame_entries_max);
        if (count == 0) in_.refuse("a held stretch of nothing");
        return HeldRows{count};
      }
      case RowKind::name: return Row{in_.array<32>()};
      case RowKind::verbatim: return Row{rows_.read_verbatim(place)};
      case RowKind::entry: return rows_.read_entry(place);
    }
    in_.refuse("unknown kind of row");
    return std::nullopt;
  }

  Reader& in_;
  const std::vector<LogId>& logs_;
  RowDecoder rows_;
  std::uint64_t entries_ = 0;
};

}  // namespace

Result<DecodedBatch> decode_batch(ByteView bytes, const BatchDecoder& with) {
  Reader in(bytes);
  DecodedBatch batch;
  if (in.u8() != layout_rows) in.refuse("unknown layout");
  const std::vector<LogId> logs = read_logs(in);
  const std::size_t count = in.count(limits::frame_runs_max, 5);
  BatchReader reader(in, logs, with);
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    EntryRun run = reader.run();
    if (!run.rows.empty()) batch.runs.push_back(std::move(run));
  }
  if (const Status done = in.finish("batch"); !done) return fail(done.error());
  batch.unresolved = reader.unresolved();
  return batch;
}

}  // namespace tram::sync
