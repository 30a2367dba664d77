// Goal: what is acknowledged is on disk, a bad request harms nobody else, and everybody is
// answered. Method: real initiators against the hub's own thread; groups are made by submitting
// from an answer.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "hub_folder.hpp"
#include "schema/kinds.hpp"
#include "sync/wire/batch.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::ask;
using hub::test::bao_lam_2;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::HubFolder;
using hub::test::morning;
using hub::test::Session;
using hub::test::start;
using hub::test::update_line;
using sync::ErrorCode;

namespace {

const std::string code = "H36.49-250701-0001";
const std::string code2 = "H36.49-250701-0002";

void check_synced(const Session& session) {
  if (!session.status) FAIL(session.status.error().message);
  CHECK(session.synced);
}

std::uint64_t feed_size(HubFolder& hub, const std::string& feed) {
  std::uint64_t size = 0;
  hub.read([&](const store::ReadUnit& unit) { size = unit.feed_size(feed); });
  return size;
}

// Submits all of them from an answer's callback, when the hub's thread takes nothing: they are one
// group.
std::vector<sync::Result<sync::ExchangeReply>> in_one_group(
    Exchanges& exchanges, Computer& first,
    const std::vector<std::pair<sync::PublicKey, sync::ExchangeRequest>>& requests) {
  std::vector<std::promise<sync::Result<sync::ExchangeReply>>> answers(requests.size());
  exchanges.submit({first.key(), first.request(), [&](const sync::Result<sync::ExchangeReply>&) {
                      for (std::size_t i = 0; i < requests.size(); ++i) {
                        exchanges.submit({requests[i].first, requests[i].second,
                                          [&answers, i](sync::Result<sync::ExchangeReply> reply) {
                                            answers[i].set_value(std::move(reply));
                                          }});
                      }
                    }});
  std::vector<sync::Result<sync::ExchangeReply>> out;
  for (auto& answer : answers) out.push_back(answer.get_future().get());
  return out;
}

}  // namespace

TEST_CASE("what a node hands in stands at the hub, and what the hub has at the node") {
  HubFolder hub;
  Computer computer(hub, 1);
  auto exchanges = start(hub);
  CHECK_FALSE(exchanges->last_contact(computer.key()));
  computer.import(
      {create_line(code, morning), update_line(code, morning + 1, R"("status":"dang_xu_ly")")});
  const Session session = computer.synchronise(*exchanges);
  check_synced(session);
  CHECK(session.counts.sent_entries == 2);
  CHECK(session.counts.received_entries == feed_size(hub, sync::province_feed) - 2);
  CHECK_FALSE(session.went_back);
  CHECK(computer.pending() == 0);
  CHECK(hub.exported(blao) == computer.exported());
  CHECK(exchanges->last_contact(computer.key()));
  const Session idle = computer.synchronise(*exchanges);
  check_synced(idle);
  CHECK(idle.counts.exchanges == 1);
  CHECK(idle.counts.sent_entries == 0);
  CHECK(idle.counts.received_entries == 0);
  hub.check_verified();
}

TEST_CASE("two computers of a commune have the same, also through a restart of the hub") {
  HubFolder hub;
  Computer first(hub, 1);
  Computer second(hub, 2);
  {
    auto exchanges = start(hub);
    first.import({create_line(code, morning)});
    check_synced(first.synchronise(*exchanges));
  }
  hub.reopen();
  auto exchanges = start(hub);
  second.import({create_line(code2, morning)});
  check_synced(second.synchronise(*exchanges));
  const Session session = first.synchronise(*exchanges);
  check_synced(session);
  CHECK_FALSE(session.went_back);
  CHECK(first.exported() == second.exported());
  CHECK(hub.exported(blao) == first.exported());
  hub.check_verified();
}

TEST_CASE("of one group the bad request is refused, and the good ones are committed") {
  HubFolder hub;
  Computer dummy(hub, 1);
  Computer good(hub, 2);
  Computer bad(hub, 3, bao_lam_2);
  Computer late(hub, 4, bao_lam_2);
  auto exchanges = start(hub);
  good.import({create_line(code, morning)});
  bad.import({create_line(code, morning)});
  late.import({create_line(code2, morning)});
  sync::ExchangeRequest tampered = bad.request();
  REQUIRE_FALSE(tampered.signatures.empty());
  tampered.signatures.front().signature[0] ^= 1U;
  const auto answers = in_one_group(
      *exchanges, dummy,
      {{good.key(), good.request()}, {bad.key(), tampered}, {late.key(), late.request()}});
  REQUIRE(answers[0]);
  REQUIRE_FALSE(answers[1]);
  CHECK(answers[1].error().code == ErrorCode::unverified);
  REQUIRE(answers[2]);
  CHECK_THAT(hub.exported(blao), Catch::Contains(code));
  CHECK_THAT(hub.exported(bao_lam_2), Catch::Contains(code2));
  CHECK(hub.exported(bao_lam_2).find(code) == std::string::npos);
  CHECK_FALSE(exchanges->last_contact(bad.key()));
  CHECK(exchanges->last_contact(late.key()));
  check_synced(bad.synchronise(*exchanges));
  check_synced(good.synchronise(*exchanges));
  hub.check_verified();
}

TEST_CASE("a computer reaches its own commune only") {
  HubFolder hub;
  Computer computer(hub, 1);
  Computer other(hub, 2, bao_lam_2);
  auto exchanges = start(hub);
  other.import({create_line(code, morning)});
  check_synced(other.synchronise(*exchanges));
  const sync::ExchangeRequest foreign = other.request();
  const auto answer = ask(*exchanges, computer.key(), foreign);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::refused);
  // And another's log cannot be handed in as one's own.
  other.import({create_line(code2, morning)});
  sync::ExchangeRequest stolen = other.request();
  for (sync::FeedStatement& feed : stolen.feeds) {
    if (feed.feed == bao_lam_2) feed = {blao, {}, 0, {}};
  }
  const auto refused = ask(*exchanges, computer.key(), stolen);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unverified);
  CHECK(feed_size(hub, blao) == 0);
}

TEST_CASE("a revoked computer is refused from its next request on") {
  HubFolder hub;
  Computer computer(hub, 1);
  Computer other(hub, 2);
  auto exchanges = start(hub);
  check_synced(computer.synchronise(*exchanges));
  REQUIRE(hub.hub().revoke(computer.id()));
  computer.import({create_line(code, morning)});
  const Session session = computer.synchronise(*exchanges);
  REQUIRE_FALSE(session.status);
  CHECK(session.status.error().code == ErrorCode::refused);
  CHECK_THAT(session.status.error().message, Catch::Contains("revoked"));
  CHECK(computer.pending() == 1);
  CHECK(feed_size(hub, blao) == 0);
  check_synced(other.synchronise(*exchanges));
}

TEST_CASE("a transferred dossier arrives at the other commune, with the opening of its log") {
  HubFolder hub;
  Computer from(hub, 1, blao);
  Computer to(hub, 2, bao_lam_2);
  auto exchanges = start(hub);
  from.import({create_line(code, morning), create_line(code2, morning)});
  check_synced(from.synchronise(*exchanges));
  check_synced(to.synchronise(*exchanges));
  CHECK(to.exported().empty());
  from.import({update_line(code, morning + 1, std::string(R"("custody":")") + bao_lam_2 + "\"")});
  check_synced(from.synchronise(*exchanges));

  // What is due elsewhere is appended before the hub takes its next group.
  const Session session = to.synchronise(*exchanges);
  check_synced(session);
  // The opening, the create and the transfer; of the other dossier nothing.
  CHECK(feed_size(hub, bao_lam_2) == 3);
  hub.read([&](const store::ReadUnit& unit) {
    const std::vector<sync::Name> names = unit.feed_names(bao_lam_2, 0, 10);
    CHECK(unit.entry(names[0])->place.seq == 0);
    CHECK(unit.deliveries(10).empty());
  });
  CHECK(session.counts.received_entries == 2);
  CHECK_THAT(to.exported(), Catch::Contains(code));
  CHECK(to.exported().find(code2) == std::string::npos);
  CHECK(hub.exported(bao_lam_2) == to.exported());
  CHECK(from.exported().find(code) == std::string::npos);
  CHECK(hub.exported(blao) == from.exported());

  // The new owner's work comes back to the old one, and the other way round.
  to.import({update_line(code, morning + 2, R"("status":"dang_xu_ly")")});
  check_synced(to.synchronise(*exchanges));
  from.import({update_line(code, morning + 3, R"("officer":"Võ Gia Dũng")")});
  check_synced(from.synchronise(*exchanges));
  check_synced(to.synchronise(*exchanges));
  CHECK_THAT(to.exported(), Catch::Contains("Võ Gia Dũng"));
  CHECK(hub.exported(bao_lam_2) == to.exported());
  hub.check_verified();
}

TEST_CASE("deliveries that a stopped hub left are made at the next start") {
  HubFolder hub;
  Computer from(hub, 1, blao);
  sync::Name name{};
  {
    auto exchanges = start(hub);
    from.import({create_line(code, morning)});
    check_synced(from.synchronise(*exchanges));
    hub.read([&](const store::ReadUnit& unit) { name = unit.feed_names(blao, 1, 1).front(); });
  }
  REQUIRE(hub.hub().store().write([&](store::WriteUnit& unit) {
    sync::Commit commit;
    commit.deliveries.push_back({bao_lam_2, name});
    return unit.apply(commit);
  }));
  CHECK(feed_size(hub, bao_lam_2) == 0);
  hub.reopen();
  auto exchanges = start(hub);
  Computer other(hub, 2, bao_lam_2);
  check_synced(other.synchronise(*exchanges));
  CHECK(feed_size(hub, bao_lam_2) == 1);
}

TEST_CASE("beyond what may wait a node is told to come back, at once") {
  HubFolder hub;
  Computer computer(hub, 1);
  auto exchanges = start(hub);
  const sync::ExchangeRequest request = computer.request();
  std::atomic<int> answered{0};
  std::atomic<int> busy{0};
  std::promise<void> all_in;
  constexpr int count = 600;
  exchanges->submit({computer.key(), request, [&](const sync::Result<sync::ExchangeReply>&) {
                       for (int i = 0; i < count; ++i) {
                         exchanges->submit({computer.key(), request,
                                            [&](const sync::Result<sync::ExchangeReply>& reply) {
                                              ++answered;
                                              if (reply) return;
                                              CHECK(reply.error().code == ErrorCode::unavailable);
                                              ++busy;
                                            }});
                       }
                       all_in.set_value();
                     }});
  all_in.get_future().wait();
  CHECK(busy >= count - 512);
  // One more comes after those that wait.
  while (!ask(*exchanges, computer.key(), request)) {
  }
  exchanges.reset();
  CHECK(answered == count);
  CHECK(busy == count - 512);
}

TEST_CASE("a hub that stops answers everybody who waits") {
  HubFolder hub;
  Computer computer(hub, 1);
  const sync::ExchangeRequest request = computer.request();
  for (int round = 0; round < 5; ++round) {
    auto exchanges = start(hub);
    std::atomic<int> answered{0};
    std::promise<void> all_in;
    constexpr int count = 400;
    Exchanges* const raw = exchanges.get();
    raw->submit({computer.key(), request, [&](const sync::Result<sync::ExchangeReply>&) {
                   for (int i = 0; i < count; ++i) {
                     raw->submit({computer.key(), request,
                                  [&](const sync::Result<sync::ExchangeReply>& reply) {
                                    ++answered;
                                    if (reply) return;
                                    CHECK(reply.error().code == ErrorCode::unavailable);
                                  }});
                   }
                   all_in.set_value();
                 }});
    all_in.get_future().wait();
    exchanges.reset();
    CHECK(answered == count);
  }
}
