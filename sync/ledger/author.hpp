#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/session/ledger_port.hpp"

/// Writes one log: the entries of one run of one process, for one audience. The first entry brings
/// the log's opening with it, so a run that writes nothing leaves no trace.
///
/// Not thread-safe. The caller commits what it gets before it asks for more; if that commit fails,
/// the author must be thrown away: the next one draws a new log id, so no place is ever used twice.
namespace tram::sync {

/// What is to be written; the author adds the place.
struct Draft {
  Instant time;
  bool time_trusted = false;
  Capacity capacity = Capacity::owner;
  std::optional<RecordId> actor;
  EntryBody body;
};

class LogAuthor {
 public:
  struct Identity {
    PublicKey device{};
    std::string unit;
    std::optional<Name> continues;  ///< the newest own entry that the store holds
  };

  /// Draws the log's id.
  LogAuthor(Identity identity, Random& random);

  /// The entry for this draft, preceded by the opening if it is the log's first. `limit` if it is
  /// larger than an entry may be; nothing is written then.
  [[nodiscard]] Result<std::vector<NewEntry>> write(const Draft& draft);

  [[nodiscard]] NewLog log() const;
  /// The head of what has been written so far.
  [[nodiscard]] SignedLogHead head(const SigningKey& device) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  NewEntry append(Entry entry);

  Identity identity_;
  LogId log_{};
  std::uint64_t count_ = 0;
  Digest chain_{};
};

}  // namespace tram::sync
