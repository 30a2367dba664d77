// Goal: work that waits always has an attempt ahead of it, and a dead link is asked ever less
// often. Method: examples with fixed chance, then random sequences against the rules one by one.
#include "node/schedule.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using tram::node::Schedule;
using tram::node::ScheduleOptions;

namespace {

class FixedRandom final : public tram::sync::Random {
 public:
  explicit FixedRandom(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& one : out) one = byte_;
  }

 private:
  std::uint8_t byte_;
};

class DrawnRandom final : public tram::sync::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& one : out) one = *rc::gen::arbitrary<std::uint8_t>();
  }
};

constexpr ScheduleOptions options{5'000, 300'000, 500};

}  // namespace

TEST_CASE("the first attempt is due at once") {
  CHECK(Schedule(options).next_ms() <= 0);
}

TEST_CASE("waits double from the first to the longest, and begin anew after a success") {
  FixedRandom least(0);
  Schedule schedule(options);
  std::int64_t now = 1'000'000;
  for (const std::int64_t wait : {5, 10, 20, 40, 80, 160, 300, 300, 300}) {
    schedule.failed(now, least);
    CHECK(schedule.next_ms() == now + wait * 1000 / 2);
    now = schedule.next_ms();
  }
  schedule.succeeded(now, 60'000, least);
  CHECK(schedule.next_ms() == now + 60'000);
  schedule.failed(now, least);
  CHECK(schedule.next_ms() == now + 2'500);
}

TEST_CASE("the first wait is never above the longest") {
  FixedRandom least(0);
  Schedule schedule({60'000, 10'000, 500});
  schedule.failed(0, least);
  CHECK(schedule.next_ms() == 5'000);
}

TEST_CASE("work does not cancel a back-off, and waits for no longer than to settle otherwise") {
  FixedRandom least(0);
  Schedule schedule(options);
  schedule.failed(0, least);
  schedule.work_came(10);
  CHECK(schedule.next_ms() == 2'500);
  schedule.began();
  schedule.succeeded(3'000, 60'000, least);
  CHECK(schedule.next_ms() == 63'000);
  schedule.work_came(10'000);
  CHECK(schedule.next_ms() == 10'500);
  schedule.work_came(10'400);
  CHECK(schedule.next_ms() == 10'500);
}

TEST_CASE("work that comes during an attempt does not wait until the hub's next time") {
  FixedRandom least(0);
  Schedule schedule(options);
  schedule.work_came(0);
  schedule.began();
  schedule.work_came(100);
  schedule.succeeded(200, 60'000, least);
  CHECK(schedule.next_ms() == 700);
  schedule.began();
  schedule.succeeded(800, 60'000, least);
  CHECK(schedule.next_ms() == 60'800);
}

TEST_CASE("the hub's time to return is honoured within a tenth, and within a day") {
  for (const int byte : {0, 255}) {
    FixedRandom chance(static_cast<std::uint8_t>(byte));
    Schedule schedule(options);
    schedule.succeeded(0, 60'000, chance);
    CHECK(schedule.next_ms() >= 60'000);
    CHECK(schedule.next_ms() <= 66'000);
    schedule.succeeded(0, UINT64_MAX, chance);
    CHECK(schedule.next_ms() >= 86'400'000);
    CHECK(schedule.next_ms() <= 95'040'000);
    schedule.succeeded(50, 0, chance);
    CHECK(schedule.next_ms() == 50);
  }
}

TEST_CASE("whatever happens, an attempt is ahead, and no rule breaks another") {
  CHECK(rc::check([] {
    const ScheduleOptions drawn{*rc::gen::inRange(1, 10'000), *rc::gen::inRange(1, 400'000),
                                *rc::gen::inRange(0, 1'000)};
    Schedule schedule(drawn);
    DrawnRandom random;
    std::int64_t now = 0;
    std::int64_t backoff = 0;
    bool meanwhile = false;
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      now += *rc::gen::inRange(0, 100'000);
      const std::int64_t before = schedule.next_ms();
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          schedule.work_came(now);
          meanwhile = true;
          RC_ASSERT(schedule.next_ms() <= before);
          if (backoff != 0) RC_ASSERT(schedule.next_ms() == before);
          if (backoff == 0) RC_ASSERT(schedule.next_ms() <= now + drawn.settle_ms);
          break;
        case 1:
          schedule.failed(now, random);
          backoff =
              std::min(backoff == 0 ? drawn.retry_first_ms : backoff * 2, drawn.retry_longest_ms);
          RC_ASSERT(schedule.next_ms() >= now + backoff / 2);
          RC_ASSERT(schedule.next_ms() <= now + backoff);
          break;
        case 2: {
          const std::int64_t come_back = *rc::gen::inRange(0, 200'000);
          schedule.succeeded(now, static_cast<std::uint64_t>(come_back), random);
          backoff = 0;
          const std::int64_t settled = now + drawn.settle_ms;
          RC_ASSERT(schedule.next_ms() <= now + come_back + come_back / 10);
          RC_ASSERT(schedule.next_ms() >= std::min(now + come_back, settled));
          if (meanwhile) RC_ASSERT(schedule.next_ms() <= settled);
          break;
        }
        default:
          schedule.began();
          meanwhile = false;
          RC_ASSERT(schedule.next_ms() == before);
      }
    }
  }));
}
