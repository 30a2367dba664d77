// Goal: clocks, chance, stop signals, exit codes, log lines and progress do what their headers say.
// Method: each by itself; signals are sent to this very process.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "host/clock.hpp"
#include "host/exit_code.hpp"
#include "host/log.hpp"
#include "host/random.hpp"
#include "host/signals.hpp"
#include "host/terminal.hpp"
#include "sync/core/bytes.hpp"

using namespace tram;
using sync::ErrorCode;

TEST_CASE("clocks tell a time that makes sense") {
  const auto now = host::SystemClock().now();
  CHECK(now.ms > 1'700'000'000'000);
  const host::SteadyClock watch;
  const auto first = host::steady_now_ms();
  CHECK(host::steady_now_ms() >= first);
  CHECK(watch.elapsed_ms() >= 0);
  CHECK(host::local_time_text({0}) == "1970-01-01T07:00:00+07:00");
  CHECK(host::local_time_text({-1}) == "1970-01-01T06:59:59+07:00");
  CHECK(host::local_time_text({1'795'226'400'000}) == "2026-11-21T09:00:00+07:00");
}

TEST_CASE("two draws of randomness differ, and any size can be drawn") {
  host::SystemRandom random;
  sync::Bytes one(32);
  sync::Bytes two(32);
  random.fill(one);
  random.fill(two);
  CHECK(one != two);
  random.fill({});
  sync::Bytes large((1U << 20U) + 7);
  random.fill(large);
  CHECK(std::count(large.begin(), large.end(), 0) < 10'000);
}

TEST_CASE("a stop is seen by everybody who waits, and again later") {
  const host::StopSignal stop;
  CHECK_FALSE(stop.requested());
  CHECK_FALSE(stop.wait_for(1));
  std::thread first([&] { stop.wait(); });
  bool seen = false;
  std::thread second([&] { seen = stop.wait_for(60'000); });
  stop.request();
  first.join();
  second.join();
  CHECK(seen);
  CHECK(stop.requested());
  stop.wait();
}

TEST_CASE("both signals count, and are handled when the object goes") {
  {
    const host::StopSignal stop;
    ::raise(SIGINT);
    CHECK(stop.requested());
    ::raise(SIGPIPE);  // would end the process
  }
  const host::StopSignal fresh;
  CHECK_FALSE(fresh.requested());
}

TEST_CASE("exit codes are those that scripts rely on") {
  using host::exit_code_for;
  using host::ExitCode;
  CHECK(static_cast<int>(exit_code_for(ErrorCode::failed)) == 1);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::io)) == 1);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::usage)) == 2);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::not_enrolled)) == 3);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::unavailable)) == 4);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::unverified)) == 6);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::damaged)) == 6);
  CHECK(static_cast<int>(exit_code_for(ErrorCode::refused)) == 7);
  CHECK(static_cast<int>(ExitCode::needs_person) == 5);
}

TEST_CASE("a log line is one line, whatever its values hold") {
  const sync::Instant at{1'795'226'400'000};
  CHECK(host::format_log_line(at, host::Level::warn, "hub.refused",
                              {{"reason", "revoked"}, {"tries", 3}, {"known", true}}) ==
        "2026-11-21T09:00:00+07:00 warn hub.refused reason=revoked tries=3 known=yes");
  const auto line = host::format_log_line(
      at, host::Level::error, "a.b",
      {{"x", "two words"}, {"y", "q\"\\"}, {"z", ""}, {"n", "a\nb\x1b\x7f"}, {"u", "đủ"}});
  CHECK(line.substr(26) ==
        "error a.b x=\"two words\" y=\"q\\\"\\\\\" z=\"\" n=a\\x0ab\\x1b\\x7f u=đủ");
  const auto cut =
      host::format_log_line(at, host::Level::info, "c", {{"v", std::string(1000, 'x')}});
  CHECK(cut.size() < 600);
  host::set_log_level(host::Level::error);
  host::log(host::Level::info, "dropped");
  host::set_log_level(host::Level::info);
}

TEST_CASE("progress may be shown and cleared anywhere") {
  host::ProgressLine plain(false);
  plain.show("plain progress\x1b[2J");
  plain.show("dropped: too soon after the last");
  plain.clear();
  host::ProgressLine terminal(true);
  terminal.show(std::string(500, 'p'));
  terminal.clear();
  CHECK_NOTHROW(host::is_terminal(host::Stream::error));
}
