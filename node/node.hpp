#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "config/node_config.hpp"
#include "host/clock.hpp"
#include "host/random.hpp"
#include "node/identity.hpp"
#include "store/store.hpp"
#include "sync/ledger/author.hpp"

/// A commune's node on one data directory: identity, store, and the log of this run. The caller
/// holds the directory's lock.
///
/// Any thread.
namespace tram::node {

/// What a node is made of.
struct NodeParts {
  std::filesystem::path directory;
  Identity identity;
  config::NodeConfig config;
  sync::SigningKey device_key;
  host::Secret device_pem;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<const sync::Clock> clock;
  std::shared_ptr<sync::Random> random;
};

class Node {
 public:
  explicit Node(NodeParts parts) : parts_(std::move(parts)) {}

  /// `not_enrolled` if the directory has no identity or a wrong configuration.
  [[nodiscard]] static sync::Result<std::unique_ptr<Node>> open(
      const std::filesystem::path& directory);

  /// Writes an entry into the log of this run, with its effects on the projection. Call inside
  /// Store::write only.
  [[nodiscard]] sync::Result<sync::Name> author(store::WriteUnit& unit, const sync::Draft& draft);

  /// Store::write that begins a new log if the transaction fails, because the entries that it
  /// authored do not stand then.
  [[nodiscard]] sync::Status write(const std::function<sync::Status(store::WriteUnit&)>& work);

  /// Whether this machine's clock may order things: the hub was heard, and the clock agreed with
  /// its to two minutes.
  [[nodiscard]] bool clock_is_trusted(const store::ReadUnit& unit) const;

  /// A capacity to write in: owner of what this commune has in custody, else other.
  [[nodiscard]] sync::Capacity capacity_for(const std::string& custody) const;

  [[nodiscard]] const Identity& identity() const { return parts_.identity; }
  [[nodiscard]] const sync::SigningKey& device_key() const { return parts_.device_key; }
  [[nodiscard]] const host::Secret& device_pem() const { return parts_.device_pem; }
  [[nodiscard]] const config::NodeConfig& config() const { return parts_.config; }
  [[nodiscard]] const std::filesystem::path& directory() const { return parts_.directory; }
  [[nodiscard]] store::Store& store() { return *parts_.store; }
  [[nodiscard]] const store::Store& store() const { return *parts_.store; }
  [[nodiscard]] const sync::Clock& clock() const { return *parts_.clock; }
  [[nodiscard]] sync::Random& random() { return *parts_.random; }

 private:
  NodeParts parts_;
  std::optional<sync::LogAuthor> author_;  // guarded by the store's one writer
};

/// Keys of the store's small settings that the node keeps (store::WriteUnit::set_meta).
namespace meta {
inline constexpr const char* contact = "node.contact";  ///< JSON: the last contact with the hub
}  // namespace meta

}  // namespace tram::node
