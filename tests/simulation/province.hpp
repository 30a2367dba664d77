#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/hub_machine.hpp"
#include "tests/simulation/node_machine.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/trace.hpp"

/// A whole province in one thread: machines, a clock, an oracle, and what can happen to them.
/// Scenarios call it step by step; the swarm by chance.
namespace tram::simulation {

/// A machine's disk at some moment, and what the oracle knew of it then.
struct Snapshot {
  Image image;
  Oracle::Holding holding;
  std::int64_t at = 0;
};

/// A node among the others.
struct Member {
  Oracle::MachineId id = 0;
  std::unique_ptr<NodeMachine> machine;
  bool retired = false;    ///< revoked, stolen or thrown away
  bool doubted = false;    ///< copied or put back: the hub should hear of it
  bool disk_lost = false;  ///< it came up damaged: a disk that lies broke its own promises
};

/// What a session came to.
struct SessionReport {
  sync::Status status;
  std::size_t exchanges = 0;
  bool synced = false;
  bool hub_went_back = false;
  bool copied = false;
};

class Province {
 public:
  Province(std::uint64_t seed, std::vector<std::string> units, Trace trace = Trace());

  Timeline time;
  Dice dice;
  Trace trace;
  Oracle oracle;
  HubMachine hub;
  /// How often another hub disk was put in: what was said before is of another lineage.
  std::uint64_t hub_era = 0;
  /// Disks lie: a power cut may take what was acknowledged, or leave what is no store any more.
  bool disks_lie = false;
  /// What the operator puts in when the hub's own disk is lost.
  std::optional<Snapshot> hub_backup;

  /// A new computer of the unit, enrolled and running.
  Member& add_node(const std::string& unit);
  [[nodiscard]] std::deque<Member>& members() { return members_; }
  [[nodiscard]] const std::vector<std::string>& units() const { return units_; }

  // --- people

  /// Saves; told to the oracle when the machine says "saved".
  sync::Result<sync::Name> save(Member& member, const sync::Edit& edit);
  /// An act of the product that may write several entries.
  sync::Status act(Member& member, const std::function<sync::Status(node::Node&)>& work);
  /// A dossier with a code of its own; its id.
  std::optional<sync::RecordRef> create(Member& member, const std::string& applicant);
  /// Changes the notes on a screen that shows everything the machine holds.
  sync::Result<sync::Name> note(Member& member, const sync::RecordRef& record,
                                const std::string& text);
  sync::Result<sync::Name> transfer(Member& member, const sync::RecordRef& record,
                                    const std::string& to);

  // --- exchanges without a network's faults

  /// The hub's answers to frames that came together; what is committed is told to the oracle.
  std::vector<sync::Result<sync::Bytes>> at_hub(const std::vector<Arrival>& arrivals);
  /// The node takes an answer that the hub gave in `era`.
  sync::Status at_node(Member& member, sync::ByteView frame, std::uint64_t era);
  /// A whole session.
  SessionReport synchronise(Member& member);
  /// Everybody, until all feeds are as long as the hub's: at most `rounds` times.
  bool synchronise_all(int rounds = 8);

  // --- what happens to machines

  void stop(Machine& machine, Stop how);
  /// Starts it, asks it for what it acknowledged. False if it does not open: a violation, unless
  /// its disk's faults explain it.
  bool start(Member& member);
  bool start_hub();
  void crash(Member& member, Stop how);
  void crash_hub(Stop how);
  /// A machine whose disk or store failed in the middle of something is started again.
  void revive_struck();

  [[nodiscard]] Snapshot snapshot(const Member& member) const;
  [[nodiscard]] Snapshot snapshot_hub() const;
  /// An older disk is put in, and the machine started on it.
  bool restore(Member& member, const Snapshot& snapshot);
  bool restore_hub(const Snapshot& snapshot);
  /// Another computer starts on a copy of this one's disk, key and all.
  Member& clone(const Member& member, const Snapshot& snapshot);
  /// The computer is gone; the hub revokes it.
  void retire(Member& member);

  // --- in the end

  /// Faults off, everybody up, then two days of sessions; false if somebody is still not level.
  bool settle();
  /// Checks every promise that can be checked at rest.
  void check_at_rest();

  [[nodiscard]] std::uint64_t entries_at_hub();
  [[nodiscard]] std::uint64_t exchanges_of(const std::string& unit) const;

 private:
  /// False if the hub's store cannot be asked now.
  bool look_at_hub();
  [[nodiscard]] bool is_level();
  [[nodiscard]] bool survived_power_cut(Machine& machine) const;
  void approve_forgotten();
  [[nodiscard]] DeviceIdentity new_identity(const std::string& unit);
  Member& join(DeviceIdentity identity);
  void tell_saves(Member& member);

  std::vector<std::string> units_;
  std::deque<Member> members_;
  std::map<std::string, std::uint64_t> exchanges_;
  std::uint64_t next_code_ = 1;
};

/// Fields of a dossier, as pages write them.
[[nodiscard]] sync::Change dossier_text(std::uint32_t number, std::string_view text);

}  // namespace tram::simulation
