#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sync/core/codec.hpp"
#include "sync/wire/batch.hpp"

/// Layout 1 of a batch: one entry after the other, each without what stands before it or can be
/// computed (schema/wire.md, "Rows"). Private to sync/wire.
namespace tram::sync {

enum class RowKind : std::uint8_t { entry = 0, verbatim = 1, name = 2, held = 3 };

class RowEncoder {
 public:
  explicit RowEncoder(const BatchEncoder& with) : with_(with) {}

  /// Times are written as differences inside a run.
  void begin_run() { last_time_ = 0; }
  /// Writes the entry of a place: shortened if its bytes are canonical and their place is this one,
  /// else verbatim.
  void write(Writer& out, const Place& place, const Bytes& bytes);
  /// The number under which a log stands in this batch.
  std::uint64_t log_number(const LogId& log);
  [[nodiscard]] const std::vector<LogId>& logs() const { return logs_; }

 private:
  struct Written {
    Place place;
    std::optional<RecordRef> record;
  };

  void write_body(Writer& out, const Entry& entry);
  void write_edit(Writer& out, const Entry& entry, const Edit& edit);
  void write_parents(Writer& out, const Place& place, const std::vector<Name>& parents);
  /// The place by which an entry can name this parent; nothing: by its name alone.
  [[nodiscard]] std::optional<Place> reference_to(const Name& parent, const Place& from) const;
  [[nodiscard]] bool parent_has_record(const Place& place, const Edit& edit) const;
  [[nodiscard]] bool id_is_derived(const Place& place, const Edit& edit) const;

  const BatchEncoder& with_;
  std::vector<LogId> logs_;
  std::map<LogId, std::uint64_t> log_numbers_;
  std::map<Name, Written> written_;
  std::map<Place, Name> newest_at_;  // what a reader of this batch finds at a place
  std::map<LogId, std::string> units_;
  std::int64_t last_time_ = 0;
};

class RowDecoder {
 public:
  RowDecoder(Reader& in, const std::vector<LogId>& logs, const BatchDecoder& with)
      : in_(in), logs_(logs), with_(with) {}

  void begin_run() { last_time_ = 0; }
  /// The entry's canonical bytes. Empty when something could not be resolved or parsed.
  Row read_entry(const Place& place);
  Bytes read_verbatim(const Place& place);
  [[nodiscard]] bool unresolved() const { return unresolved_; }

 private:
  void read_body(Entry& entry, std::uint8_t form);
  Edit read_edit(const Place& place);
  std::vector<Name> read_parents(const Place& place, std::optional<RecordRef>& parent_record);
  Place read_place(std::uint64_t reference, const Place& at);
  void remember(const Place& place, const Bytes& bytes);

  Reader& in_;
  const std::vector<LogId>& logs_;
  const BatchDecoder& with_;
  std::map<Place, BatchDecoder::Linked> read_;  // the newest of this batch at each place
  std::map<LogId, std::string> units_;
  std::int64_t last_time_ = 0;
  bool unresolved_ = false;
};

}  // namespace tram::sync
