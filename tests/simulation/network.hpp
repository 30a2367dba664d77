#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "node/schedule.hpp"
#include "tests/simulation/province.hpp"

namespace tram::simulation {

/// What the lines of a province do to frames; probabilities of each frame.
struct LineFaults {
  double request_lost = 0;
  double answer_lost = 0;
  double request_doubled = 0;  ///< comes a second time, up to days later
  double answer_doubled = 0;   ///< an old answer comes in place of a later one
  double request_strange = 0;  ///< other bytes come: a login page, a cut, a turned bit
  double answer_strange = 0;
  std::int64_t latency_least_ms = 20;
  std::int64_t latency_most_ms = 500;
};

/// What passes on a commune's line.
enum class Passage { both_ways, to_the_hub, to_the_node, none };

/// The lines between nodes and the hub, and the attempts that nodes make on them by the product's
/// own schedule.
class Network {
 public:
  Network(Province& province, Dice dice, const LineFaults& faults);

  /// From now on this node attempts sessions.
  void join(Member& member);
  /// Something was saved there.
  void work_came(Member& member);
  /// Until told otherwise.
  void let_pass(const std::string& unit, Passage passage) { passages_[unit] = passage; }
  [[nodiscard]] std::uint64_t replayed() const { return replayed_; }

 private:
  struct Line {
    explicit Line(const node::ScheduleOptions& options) : schedule(options) {}
    node::Schedule schedule;
    std::uint64_t attempt = 0;  // what belongs to an older one is dropped
    std::uint64_t planned = 0;
    bool busy = false;
    std::optional<std::pair<sync::Bytes, std::uint64_t>> old_answer;  // and its hub's era
  };
  struct Waiting {
    Member* member;
    std::uint64_t life;
    std::uint64_t attempt;
    sync::Bytes frame;
  };
  void plan(Member& member);
  void attempt(Member& member);
  void send(Member& member);
  void fail(Member& member, std::int64_t after_ms);
  void arrive(Waiting request);
  void serve();
  void answer(const Waiting& request, sync::Bytes frame, std::uint64_t era);
  void take(const Waiting& request, const sync::Bytes& frame, std::uint64_t era);
  [[nodiscard]] bool stale(const Waiting& request);
  [[nodiscard]] std::int64_t latency();
  void falsify(sync::Bytes& frame);
  [[nodiscard]] Passage passage_of(const Member& member) const;

  Province& province_;
  Dice dice_;
  LineFaults faults_;
  node::ScheduleOptions schedule_;
  std::map<const Member*, Line> lines_;
  std::map<std::string, Passage> passages_;
  std::vector<Waiting> at_hub_;
  std::uint64_t replayed_ = 0;
};

}  // namespace tram::simulation
