#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "node/sync_driver.hpp"
#include "tests/simulation/machine.hpp"

namespace tram::simulation {

/// Who a node's disk says it is. A clone has the same.
struct DeviceIdentity {
  std::string unit;
  std::uint64_t key_seed = 0;
  sync::PublicKey hub_key{};
};

/// A commune's computer: the product's Node and SyncDriver on a disk in memory.
class NodeMachine final : public Machine {
 public:
  NodeMachine(const Timeline& time, std::uint64_t seed, DeviceIdentity identity);
  ~NodeMachine() override;

  [[nodiscard]] sync::Status start() override;
  [[nodiscard]] bool running() const override { return node_ != nullptr; }
  [[nodiscard]] store::Store& store() override { return node_->store(); }

  [[nodiscard]] node::Node& node() { return *node_; }
  [[nodiscard]] const std::string& unit() const { return identity_.unit; }
  [[nodiscard]] const DeviceIdentity& identity() const { return identity_; }
  [[nodiscard]] const sync::PublicKey& device() const { return device_; }

  /// One entry, as a page saves it: parents are what its screen showed. An error: not saved, or
  /// nobody knows.
  [[nodiscard]] sync::Result<sync::Name> save(sync::Edit edit);
  /// Whatever the product writes by itself (an import, a decision).
  [[nodiscard]] sync::Status act(const std::function<sync::Status(node::Node&)>& work);
  /// What a screen shows of the record: its newest entries.
  [[nodiscard]] std::vector<sync::Name> screen_of(const sync::RecordRef& record);

  // One session: frames are carried by somebody else.
  [[nodiscard]] sync::Status begin_session();
  [[nodiscard]] sync::Result<sync::Bytes> next_frame();
  [[nodiscard]] sync::Status take_frame(sync::ByteView frame);
  [[nodiscard]] bool session_done() const { return driver_->done(); }
  [[nodiscard]] const sync::Initiator& session() const { return driver_->initiator(); }

  /// The next chance that this machine draws is that of the other: a machine copied with its
  /// memory, as a virtual one is.
  void share_chance_with(const NodeMachine& other) { dice_ = other.dice_; }

 private:
  void drop() override;
  [[nodiscard]] bool broken() const override;

  DeviceIdentity identity_;
  sync::PublicKey device_{};
  std::unique_ptr<node::Node> node_;
  std::optional<node::SyncDriver> driver_;
};

}  // namespace tram::simulation
