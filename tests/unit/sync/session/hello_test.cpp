// Trace M3, at its core: which hellos the hub takes, asks about, or tells the operator of.
// Judgements one by one, and random lives of one honest store on a link that loses and delays.
#include <catch2/catch.hpp>

#include "sync/limits.hpp"
#include "sync/session/hello.hpp"
#include "tests/support/sync_pair.hpp"

namespace tram::sync::test {

namespace {

VisitId run(std::uint8_t number) {
  VisitId id{};
  id.fill(number);
  return id;
}

/// A hub that keeps one device's lineages, and remembers what it told its operator.
struct Judge {
  std::vector<Lineage> lineages;
  int opened = 0;
  int copied = 0;

  HelloJudgement hear(const Hello& hello, bool fresh_answer = false) {
    const HelloJudgement out = judge_hello({}, hello, lineages, fresh_answer);
    if (out.ask) return out;
    const Lineage& said = out.update.lineage;
    if (said.number > lineages.size()) lineages.emplace_back();
    lineages[said.number - 1] = said;
    opened += out.update.opened ? 1 : 0;
    copied += out.update.copied ? 1 : 0;
    return out;
  }
};

Hello hello(std::uint8_t of, std::uint8_t acknowledged, std::uint64_t count,
            std::vector<VisitId> maybe = {}) {
  Hello out{run(of), std::nullopt, count, std::move(maybe), std::nullopt};
  if (acknowledged != 0) out.acknowledged_visit = run(acknowledged);
  return out;
}

}  // namespace

TEST_CASE("The first hello, the next, and the one after a lost reply fit", "[hello][M3]") {
  Judge hub;
  CHECK(hub.hear(hello(1, 0, 0)).update.lineage.count == 1);
  CHECK(hub.hear(hello(1, 0, 0)).update.lineage.count == 1);  // doubled
  CHECK(hub.hear(hello(2, 1, 1)).update.lineage.count == 2);
  CHECK(hub.hear(hello(3, 1, 1, {run(2)})).update.lineage.count == 3);
  CHECK(hub.lineages.size() == 1);
}

TEST_CASE("A late hello is asked about and changes nothing", "[hello][M3]") {
  Judge hub;
  hub.hear(hello(1, 0, 0));
  hub.hear(hello(3, 1, 1, {run(2)}));
  const std::vector<Lineage> before = hub.lineages;
  CHECK(hub.hear(hello(2, 1, 1)).ask);
  CHECK(hub.hear(hello(1, 0, 0)).ask);
  CHECK(hub.lineages.back().last_visit == before.back().last_visit);
  CHECK(hub.opened == 0);
}

TEST_CASE("A store that went back opens a lineage, once, and only alive", "[hello][M3]") {
  Judge hub;
  hub.hear(hello(1, 0, 0));
  hub.hear(hello(2, 1, 1));
  hub.hear(hello(3, 2, 2));
  const Hello back = hello(4, 1, 1);  // knows nothing of runs 2 and 3
  CHECK(hub.hear(back).ask);
  CHECK(hub.hear(back).ask);
  CHECK(hub.opened == 0);
  CHECK(hub.hear(back, true).update.opened);
  CHECK_FALSE(hub.hear(back).ask);  // its reply was lost
  CHECK_FALSE(hub.hear(hello(5, 4, 2)).ask);
  CHECK(hub.opened == 1);
  CHECK(hub.copied == 0);
}

TEST_CASE("Only when both lineages speak, alive, is it a copy for certain", "[hello][M3]") {
  Judge hub;
  hub.hear(hello(1, 0, 0));
  hub.hear(hello(2, 1, 1));
  hub.hear(hello(3, 1, 1), true);  // the copy of run 1 speaks: lineage 2
  CHECK(hub.opened == 1);
  // Late words of the first, from before: doubled, or from a run that never came through.
  CHECK_FALSE(hub.hear(hello(2, 1, 1)).update.copied);
  CHECK(hub.hear(hello(4, 2, 2)).ask);
  CHECK(hub.copied == 0);
  CHECK(hub.hear(hello(4, 2, 2), true).update.copied);
  CHECK_FALSE(hub.hear(hello(5, 3, 2)).update.copied);
  CHECK(hub.opened == 1);
}

TEST_CASE("A hub that went back is no reason for alarm", "[hello][M3]") {
  Judge hub;
  hub.hear(hello(1, 0, 0));
  const Judge old = hub;
  for (std::uint8_t i = 2; i < 9; ++i) hub.hear(hello(i, i - 1, i - 1));
  hub = old;
  const HelloJudgement judged = hub.hear(hello(9, 8, 8));
  CHECK_FALSE(judged.ask);
  CHECK_FALSE(judged.update.opened);
  CHECK(judged.update.lineage.count == 9);
  CHECK_FALSE(hub.hear(hello(10, 9, 9)).ask);
  Judge wiped;
  CHECK_FALSE(wiped.hear(hello(9, 8, 8)).ask);
}

TEST_CASE("One honest store raises nothing on the worst of links", "[hello][M3]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Judge hub;
    std::vector<Judge> copies;
    std::vector<Hello> late;
    std::optional<VisitState> state;
    for (int step = 0; step < 60; ++step) {
      if (!state || random.chance(40)) {
        VisitId id{};
        random.fill(id);
        state = begin_visit(state, id);
      }
      if (random.chance(5)) copies.push_back(hub);
      if (random.chance(5) && !copies.empty()) hub = copies[random.below(copies.size())];
      const bool may_be_late = late.size() < 50 && !state->acknowledged;
      if (may_be_late && random.chance(50)) late.push_back(hello_of(*state, std::nullopt));
      if (!late.empty() && random.chance(30)) hub.hear(late[random.below(late.size())]);
      if (state->acknowledged || random.chance(40)) continue;
      const HelloJudgement judged = hub.hear(hello_of(*state, std::nullopt));
      if (!judged.ask && random.chance(60)) {
        *state = acknowledged(*state, judged.update.lineage.count);
      }
    }
    CHECK(hub.opened == 0);
    CHECK(hub.copied == 0);
  }
}

TEST_CASE("Runs without an answer are kept up to the limit", "[hello][M3]") {
  std::optional<VisitState> state;
  for (std::uint8_t i = 1; i < 200; ++i) state = begin_visit(state, run(i));
  REQUIRE(state->maybe_visits.size() == limits::hello_visits_max);
  CHECK(state->maybe_visits.front() == run(1));
  CHECK(state->maybe_visits.back() == run(198));
}

}  // namespace tram::sync::test
