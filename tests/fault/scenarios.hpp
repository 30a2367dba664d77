#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/fault/sites.hpp"

/// The core operations of node and hub, each as something that can be done again and again from
/// the same beginning while one thing fails in it.
namespace tram::fault {

/// A commune and the hub, made anew for each attempt; equal seeds, equal bytes. The set-up has a
/// seed of its own, or the attempt would draw log ids that are taken.
struct World {
  explicit World(std::uint64_t seed) : node(seed), hub(seed + 1) {}
  NodeSite node;
  std::unique_ptr<NodeSite> second;
  HubSite hub;
  sync::Bytes frame;         ///< on its way
  std::uint64_t answer = 0;  ///< what a reading act read, folded
  sync::Bytes second_frame;  ///< another computer's, that came at the same time
};

struct Scenario {
  std::string name;
  /// Whose disk and store are under test.
  bool at_hub = false;
  /// Once, on an empty world: what the disks hold when an attempt begins.
  std::function<sync::Status(World&)> setup;
  /// At each attempt, before anything fails; the stores are not open yet.
  std::function<sync::Status(World&)> ready;
  /// With the failure.
  std::function<sync::Status(World&)> act;
  /// nlohmann's JSON allocates in its destructor: a process that gets no memory at all ends there.
  bool writes_json = false;
  /// It commits and then goes on, or commits what is whole in itself: after an error some may
  /// stand.
  bool in_parts = false;
  /// What else may then be left, beside before and after.
  std::function<sync::Status(World&)> other_act = {};
};

[[nodiscard]] std::vector<Scenario> scenarios();

[[nodiscard]] inline Site& site_of(World& world, const Scenario& scenario) {
  return scenario.at_hub ? static_cast<Site&>(world.hub) : static_cast<Site&>(world.node);
}

}  // namespace tram::fault
