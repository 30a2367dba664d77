#include "node/backup.hpp"

#include "node/identity.hpp"
#include "node/node.hpp"

namespace tram::node {

using sync::fail;

command::BackupKind backup_kind() {
  command::BackupKind kind;
  kind.role = host::BackupRole::node;
  kind.identity = "identity.json";
  kind.config = "node.toml";
  kind.secrets = {"device", "store"};
  kind.wrapped = {"store"};
  kind.signing = "device";
  kind.identify = [](const std::filesystem::path& folder,
                     const sync::PublicKey&) -> sync::Result<command::BackupIdentity> {
    const sync::Result<Identity> identity = load_identity(folder);
    if (!identity) return fail(identity.error());
    command::BackupIdentity out;
    out.unit = identity->unit;
    out.unit_name = identity->unit_name;
    out.recovery_key = identity->recovery_key;
    out.store.role = store::Role::node;
    out.store.home_unit = identity->unit;
    out.store.hub_keys = {identity->hub_key};
    return out;
  };
  kind.open = [](const std::filesystem::path& folder,
                 const std::function<sync::Status(const store::Store&)>& look) -> sync::Status {
    const sync::Result<std::unique_ptr<Node>> node = Node::open(folder);
    if (!node) return fail(node.error());
    return look((*node)->store());
  };
  return kind;
}

}  // namespace tram::node
