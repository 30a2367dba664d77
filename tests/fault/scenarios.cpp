// Goal: the list of what must survive any single failure.
// Method: each scenario in the words of the sites, with the state that it needs on the disk.
#include "tests/fault/scenarios.hpp"

#include <utility>

#include "store/record_export.hpp"
#include "sync/core/assert.hpp"

namespace tram::fault {

using store::ReadUnit;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr std::uint32_t dossier_kind = 1;

using Step = std::function<Status(World&)>;

// One after the other until one fails.
Step all(std::vector<Step> steps) {
  return [steps = std::move(steps)](World& world) -> Status {
    for (const Step& step : steps) {
      if (const Status done = step(world); !done) return done;
    }
    return {};
  };
}

Status nothing(World& /*world*/) {
  return {};
}
Status start_node(World& world) {
  return world.node.start();
}
Status start_hub(World& world) {
  return world.hub.start();
}
Status save(World& world) {
  return world.node.save("hồ sơ khai sinh");
}
Status import_few(World& world) {
  return world.node.import(5);
}
Status disagree(World& world) {
  return world.node.disagree();
}
Status transfer(World& world) {
  return world.node.transfer();
}

Status keep(World& world, Result<sync::Bytes> made) {
  if (!made) return fail(made.error());
  world.frame = std::move(*made);
  for (const std::uint8_t byte : world.frame) world.answer = world.answer * 31 + byte;
  return {};
}

Status next_request(World& world) {
  return keep(world, world.node.next_request());
}
Status accept(World& world) {
  return world.hub.accept(world.node.device(), world.frame);
}
Status reply(World& world) {
  return keep(world, world.hub.reply());
}
Status take_reply(World& world) {
  return world.node.take_reply(world.frame);
}
// Another computer of the commune, with a frame of its own.
Status second_asks(World& world) {
  world.second = std::make_unique<NodeSite>(301, 8);
  if (const Status started = world.second->start(); !started) return started;
  if (const Status saved = world.second->save("of the second computer"); !saved) return saved;
  auto made = world.second->next_request();
  if (!made) return fail(made.error());
  world.second_frame = std::move(*made);
  return {};
}
Status accept_both(World& world) {
  return world.hub.accept_both(world.node.device(), world.frame, world.second->device(),
                               world.second_frame);
}
Status accept_second(World& world) {
  return world.hub.accept(world.second->device(), world.second_frame);
}

Status deliver(World& world) {
  return world.hub.deliver();
}

Status close_node(World& world) {
  world.node.close();
  return {};
}
Status close_both(World& world) {
  world.hub.close();
  world.node.close();
  return {};
}
Status kill_node(World& world) {
  world.node.disk.kill();
  world.node.close();
  return {};
}

Status verify_node(World& world) {
  const auto findings = audit(*world.node.store);
  if (!findings) return fail(findings.error());
  world.answer = findings->errors;
  return {};
}

Status export_records(World& world) {
  std::uint64_t sum = 0;
  const Status read = world.node.read([&](const ReadUnit& unit) {
    return store::for_each_export_line(unit, home, dossier_kind, home, [&](const auto& line) {
      for (const char letter : line) sum = sum * 31 + static_cast<std::uint8_t>(letter);
      return true;
    });
  });
  world.answer = sum;
  return read;
}

Status look_around(World& world) {
  std::uint64_t sum = 0;
  const Status read = world.node.read([&](const ReadUnit& unit) {
    unit.for_each_newest(home, dossier_kind, [&](const store::RecordRow& row) {
      sum += row.conflicts + row.state.size() + unit.timeline(home, row.record).size();
      return true;
    });
    sum += unit.conflicts(home, std::nullopt, {}, 10).conflicts.size();
    sum = sum * 100 + unit.counts(home).pending_entries;
    return unit.status();
  });
  world.answer = sum;
  return read;
}

// A first exchange, so that receipts, feeds and holders are there.
const Step exchange = all({next_request, accept, reply, take_reply, deliver});
const Step busy =
    all({start_node, start_hub, save, import_few, disagree, exchange, save, transfer, close_both});

std::vector<Scenario> store_scenarios() {
  const auto reopened_elsewhere = [](World& world) {
    world.node.home_unit = elsewhere;
    return world.node.start();
  };
  return {
      {"open a new store", false, nothing, nothing, start_node},
      {"open a new store of a hub", true, nothing, nothing, start_hub},
      {"open", false, busy, nothing, start_node},
      {"open at the hub", true, busy, nothing, start_hub},
      {"open after an unclean end", false, all({busy, start_node, save, kill_node}), nothing,
       start_node},
      {"open for another unit", false, busy, nothing, reopened_elsewhere},
      {"close", false, busy, all({start_node, save}), close_node},
      {"checkpoint", false, busy, all({start_node, save}),
       [](World& world) { return world.node.store->checkpoint(false); }},
      {"checkpoint, truncating", false, busy, all({start_node, save}),
       [](World& world) { return world.node.store->checkpoint(true); }},
      {"rebuild", false, busy, start_node, [](World& world) { return world.node.rebuild(); }},
      {"verify", false, busy, start_node, verify_node},
      {"export", false, busy, start_node, export_records, true},
      {"look around", false, busy, start_node, look_around},
  };
}

std::vector<Scenario> work_scenarios() {
  const Step both = all({start_node, start_hub});
  const Step asked = all({both, save, next_request});
  const Step accepted = all({asked, accept});
  return {
      {"save that opens a log", false, busy, start_node, save},
      {"save", false, busy, all({start_node, save}), save},
      {"import a batch", false, busy, start_node,
       [](World& world) { return world.node.import(20); }},
      {"two rival writes", false, busy, all({start_node, save}), disagree},
      {"decide a conflict", false, busy, all({start_node, save, disagree}),
       [](World& world) { return world.node.decide(); }},
      {"transfer", false, busy, all({start_node, save}), transfer},
      {"next request", false, busy, all({start_node, save}), next_request, false, true},
      {"accept at the hub", true, busy, asked, accept},
      {"accept two at the hub", true, busy, all({asked, second_asks}), accept_both, false, true,
       accept_second},
      {"reply of the hub", true, busy, accepted, reply},
      {"take the reply", false, busy, all({accepted, reply}), take_reply},
      {"deliver", true, busy, all({accepted, reply, take_reply}), deliver},
  };
}

}  // namespace

std::vector<Scenario> scenarios() {
  std::vector<Scenario> list = store_scenarios();
  for (Scenario& scenario : work_scenarios()) list.push_back(std::move(scenario));
  return list;
}

}  // namespace tram::fault
