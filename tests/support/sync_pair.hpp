#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/feed/head_signer.hpp"
#include "sync/ledger/author.hpp"
#include "sync/session/initiator.hpp"
#include "sync/session/responder.hpp"
#include "tests/support/memory_ledger.hpp"

/// A node and a hub in memory, with the engine between them: every exchange goes through encoding,
/// frames and decoding, so real bytes travel. What a link and a disk can do to them is done from
/// outside: drop, double or delay a frame, copy a side and put the copy back.
namespace tram::sync::test {

/// Repeatable bytes from a seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;
  [[nodiscard]] std::uint64_t next();
  /// Below `limit`, which is not 0.
  [[nodiscard]] std::size_t below(std::size_t limit) { return next() % limit; }
  [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

[[nodiscard]] std::shared_ptr<const SigningKey> key_from(std::uint64_t seed);

/// The hub's side of everything: ledger, rows of devices, worker, epochs.
class TestHub {
 public:
  explicit TestHub(std::uint64_t seed);

  /// A new start: a new epoch on what the store holds.
  void start();
  void enrol(const PublicKey& device, const FeedId& home);
  void forget(const PublicKey& device) { homes_.erase(device); }

  /// The answer to a frame from this device; an error where the connection would be refused.
  [[nodiscard]] Result<Bytes> handle(const PublicKey& device, ByteView frame);

  /// The hub writes an entry into a feed, in a log of its own for that feed.
  Name write(const FeedId& feed, EntryBody body);
  void deliver_all();

  [[nodiscard]] MemoryLedger snapshot() const { return ledger; }
  /// An operator puts an old copy of the store back, and starts the hub.
  void restore(const MemoryLedger& copy);
  /// Another store under the same key.
  void wipe();

  [[nodiscard]] const PublicKey& public_key() const { return key_->public_key(); }
  [[nodiscard]] Instant tick() { return now = {now.ms + 1000}; }

  MemoryLedger ledger;
  Instant now{1'760'000'000'000};
  std::size_t frame_bytes = 256 * 1024;
  bool delivers = true;             ///< the worker runs after each exchange
  std::vector<LineageUpdate> told;  ///< openings and copies that the operator was told of
  std::shared_ptr<const SigningKey> key() const { return key_; }

 private:
  std::shared_ptr<const SigningKey> key_;
  SeededRandom random_;
  std::optional<HeadSigner> signer_;
  std::map<PublicKey, FeedId> homes_;
  std::map<PublicKey, std::vector<Nonce>> asked_;
  std::map<FeedId, LogAuthor> authors_;
};

/// What one exchange or a whole session came to.
struct Outcome {
  Status status;
  std::size_t exchanges = 0;
  std::size_t bytes_up = 0;  ///< frames, packed
  std::size_t bytes_down = 0;
  bool synced = false;
  bool hub_went_back = false;
  SessionCounts counts;
};

/// A commune's computer. A value: a copy is a clone with its memory; `restart` makes it one of the
/// disk alone.
class TestNode {
 public:
  TestNode(std::uint64_t seed, FeedId unit, const TestHub& hub);

  /// A new process: a new run, no memory of the last.
  void restart();
  /// From now on its random draws differ from those of what it was copied from.
  void reseed(std::uint64_t seed) { random_ = SeededRandom(seed); }

  Name write(EntryBody body);
  /// Creates a dossier; returns it.
  RecordRef create(const std::string& text);
  /// As `create`, under the id that every importer computes.
  RecordRef import(const std::string& code);
  /// Changes its notes after everything of the record that is held.
  Name edit(const RecordRef& record, const std::string& text);
  Name transfer(const RecordRef& record, const FeedId& to);

  /// Sessions and exchanges.
  void begin_session(bool unanswered = false);
  [[nodiscard]] Bytes request_frame();
  [[nodiscard]] Status take_reply_frame(ByteView frame);
  [[nodiscard]] Initiator& session() { return *initiator_; }

  [[nodiscard]] const PublicKey& device() const { return key_->public_key(); }
  [[nodiscard]] std::vector<Name> frontier(const RecordRef& record) const;

  FeedId unit;
  MemoryLedger ledger;
  std::size_t frame_bytes = 256 * 1024;
  Instant now{1'760'000'000'000};

 private:
  std::shared_ptr<const SigningKey> key_;
  PublicKey hub_key_;
  SeededRandom random_;
  VisitState visit_;
  std::uint64_t sessions_ = 0;
  std::optional<LogAuthor> author_;
  std::optional<Initiator> initiator_;
};

/// One exchange without faults. Begins a session if none is open.
[[nodiscard]] Outcome exchange(TestNode& node, TestHub& hub);
/// A whole session: exchanges until the node says that it is done, or an error.
[[nodiscard]] Outcome synchronise(TestNode& node, TestHub& hub);

/// A change of notes, a text that nobody else writes.
[[nodiscard]] Edit notes_edit(const RecordRef& record, std::vector<Name> parents,
                              const std::string& text);

}  // namespace tram::sync::test
