// Goal: lines that lose, double, delay and falsify frames.
// Method: each frame an event in simulated time; attempts by the product's schedule.
#include "tests/simulation/network.hpp"

#include <tuple>
#include <utility>

namespace tram::simulation {

namespace {

// A request that nobody answers is given up after this, as the client's low-speed limit does.
constexpr std::int64_t silence_ms = 60 * second_ms;
// The hub takes together what comes within this.
constexpr std::int64_t group_ms = 200;

}  // namespace

Network::Network(Province& province, Dice dice, const LineFaults& faults)
    : province_(province), dice_(dice), faults_(faults) {
  // A clerk's saves of one visit travel together, and idle time costs nothing.
  schedule_.settle_ms = dice_.between(20 * minute_ms, 3 * hour_ms);
  schedule_.retry_first_ms = dice_.between(5 * second_ms, hour_ms);
  schedule_.retry_longest_ms = dice_.between(6 * hour_ms, 24 * hour_ms);
  schedule_.come_back_longest_ms = 365 * day_ms;
}

void Network::join(Member& member) {
  lines_.emplace(&member, schedule_);
  lines_.at(&member).schedule.work_came(province_.time.now());
  plan(member);
}

void Network::work_came(Member& member) {
  Line& line = lines_.at(&member);
  line.schedule.work_came(province_.time.now());
  plan(member);
}

void Network::plan(Member& member) {
  const std::uint64_t planned = ++lines_.at(&member).planned;
  const std::int64_t at = lines_.at(&member).schedule.next_ms();
  province_.time.after(at - province_.time.now(), [this, &member, planned] {
    if (planned == lines_.at(&member).planned) attempt(member);
  });
}

void Network::attempt(Member& member) {
  Line& line = lines_.at(&member);
  if (member.retired) return;
  if (line.busy) return;
  line.schedule.began();
  ++line.attempt;
  if (!member.machine->running()) return fail(member, 0);
  line.busy = true;
  if (!member.machine->begin_session()) return fail(member, 0);
  send(member);
}

void Network::fail(Member& member, std::int64_t after_ms) {
  const std::uint64_t attempt = lines_.at(&member).attempt;
  province_.time.after(after_ms, [this, &member, attempt] {
    Line& line = lines_.at(&member);
    if (line.attempt != attempt) return;
    ++line.attempt;
    line.busy = false;
    line.schedule.failed(province_.time.now(), member.machine->dice());
    plan(member);
  });
}

Passage Network::passage_of(const Member& member) const {
  const auto found = passages_.find(member.machine->unit());
  return found == passages_.end() ? Passage::both_ways : found->second;
}

std::int64_t Network::latency() {
  return static_cast<std::int64_t>(dice_.spread(static_cast<double>(faults_.latency_least_ms),
                                                static_cast<double>(faults_.latency_most_ms)));
}

void Network::send(Member& member) {
  // No line: known at once, before anything is built.
  const Passage passage = passage_of(member);
  if (passage == Passage::none) return fail(member, 0);
  auto frame = member.machine->next_frame();
  if (!frame || member.machine->struck()) return fail(member, 0);
  Waiting request{&member, member.machine->life(), lines_.at(&member).attempt, std::move(*frame)};
  // Whatever becomes of it, the client does not wait longer.
  fail(member, silence_ms);
  if (passage == Passage::to_the_node) return;
  if (dice_.chance(faults_.request_doubled)) {
    ++replayed_;
    Waiting again = request;
    again.life = 0;  // its answer finds nobody
    province_.time.after(static_cast<std::int64_t>(dice_.spread(1, 9.0 * day_ms)),
                         [this, again = std::move(again)]() mutable { arrive(std::move(again)); });
  }
  if (dice_.chance(faults_.request_lost)) return;
  if (dice_.chance(faults_.request_strange)) falsify(request.frame);
  province_.time.after(
      latency(), [this, request = std::move(request)]() mutable { arrive(std::move(request)); });
}

void Network::arrive(Waiting request) {
  if (!province_.hub.running() || request.member->retired) return;
  at_hub_.push_back(std::move(request));
  if (at_hub_.size() == 1) {
    province_.time.after(dice_.between(0, group_ms), [this] { serve(); });
  }
}

void Network::serve() {
  std::vector<Waiting> requests = std::exchange(at_hub_, {});
  if (!province_.hub.running()) return;
  std::vector<Arrival> arrivals;
  for (const Waiting& request : requests) {
    arrivals.push_back({request.member->machine->device(), request.frame});
  }
  const std::uint64_t era = province_.hub_era;
  auto answers = province_.at_hub(arrivals);
  if (province_.hub.struck()) return province_.revive_struck();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!answers[i] || stale(requests[i])) continue;
    const Passage passage = passage_of(*requests[i].member);
    const bool passes = passage == Passage::both_ways || passage == Passage::to_the_node;
    if (!passes || dice_.chance(faults_.answer_lost)) continue;
    answer(requests[i], std::move(*answers[i]), era);
  }
}

void Network::falsify(sync::Bytes& frame) {
  switch (dice_.below(3)) {
    case 0: frame = sync::to_bytes(sync::as_bytes("<html>Xin chào, mời đăng nhập</html>")); break;
    case 1: frame.resize(dice_.below(frame.size())); break;
    default: frame[dice_.below(frame.size())] ^= static_cast<std::uint8_t>(1U << dice_.below(8));
  }
}

void Network::answer(const Waiting& request, sync::Bytes frame, std::uint64_t era) {
  Line& line = lines_.at(request.member);
  if (line.old_answer && dice_.chance(faults_.answer_doubled)) {
    ++replayed_;
    std::tie(frame, era) = *line.old_answer;
  } else if (dice_.chance(faults_.answer_doubled)) {
    line.old_answer = {frame, era};
  }
  if (dice_.chance(faults_.answer_strange)) falsify(frame);
  province_.time.after(latency(), [this, request, frame = std::move(frame), era] {
    if (!stale(request)) take(request, frame, era);
  });
}

bool Network::stale(const Waiting& request) {
  return request.life != request.member->machine->life() || !request.member->machine->running() ||
         request.attempt != lines_.at(request.member).attempt;
}

void Network::take(const Waiting& request, const sync::Bytes& frame, std::uint64_t era) {
  Member& member = *request.member;
  Line& line = lines_.at(&member);
  const sync::Status taken = province_.at_node(member, frame, era);
  ++line.attempt;  // the request is answered: its time-out means nothing now
  if (!taken) return fail(member, 0);
  if (!member.machine->session_done()) return send(member);
  line.busy = false;
  line.schedule.succeeded(province_.time.now(), member.machine->session().come_back_ms(),
                          member.machine->dice());
  plan(member);
}

}  // namespace tram::simulation
