// Goal: contacts as bad lines make them, one session after the other.
// Method: each frame and each answer has its chance to be lost, or to come again.
#include "tests/simulation/rough_line.hpp"

#include <utility>

namespace tram::simulation {

namespace {

constexpr double lost = 0.15;
constexpr double comes_again = 0.2;
constexpr double old_answer = 0.05;
constexpr int attempts_max = 100;
constexpr std::size_t remembered_max = 12;

}  // namespace

bool RoughLine::contact(Member& member) {
  for (int i = 0; i < attempts_max; ++i) {
    if (attempt(member)) return true;
    province_.time.pass(dice_.between(second_ms, hour_ms));
  }
  province_.oracle.violation('J', "no session comes through on a line that loses a few frames");
  return false;
}

bool RoughLine::attempt(Member& member) {
  if (!member.machine->begin_session()) return false;
  while (!member.machine->session_done()) {
    if (!exchange(member)) return false;
    province_.time.pass(dice_.between(20, second_ms));
  }
  return true;
}

bool RoughLine::exchange(Member& member) {
  if (dice_.chance(comes_again)) bring_again();
  auto frame = member.machine->next_frame();
  if (!frame) return false;
  const Past request{member.machine->device(), std::move(*frame)};
  if (requests_.size() < remembered_max) {
    requests_.push_back(request);
  } else {
    requests_[dice_.below(remembered_max)] = request;
  }
  if (dice_.chance(lost)) return false;
  province_.time.pass(dice_.between(20, second_ms));
  const std::uint64_t era = province_.hub_era;
  auto answers = province_.at_hub({{request.device, request.frame}});
  if (!answers.front() || dice_.chance(lost)) return false;
  sync::Bytes answer = std::move(*answers.front());
  // What an older lineage of the hub's said is no word of the present one.
  std::uint64_t answered_in = era;
  sync::Bytes& kept = answers_[&member];
  if (!kept.empty() && dice_.chance(old_answer)) {
    std::swap(answer, kept);
    answered_in = era + 1;
  } else if (dice_.chance(comes_again)) {
    kept = answer;
  }
  return province_.at_node(member, answer, answered_in).has_value();
}

void RoughLine::bring_again() {
  if (requests_.empty()) return;
  const Past& old = requests_[dice_.below(requests_.size())];
  static_cast<void>(province_.at_hub({{old.device, old.frame}}));
}

}  // namespace tram::simulation
