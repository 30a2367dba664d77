#include "node/daemon.hpp"

#include "command/access.hpp"
#include "host/control.hpp"
#include "host/lock.hpp"
#include "host/log.hpp"
#include "host/signals.hpp"
#include "node/operations.hpp"
#include "node/sync_loop.hpp"

namespace tram::node {

using sync::fail;

sync::Status run_daemon(const std::filesystem::path& directory) {
  const host::StopSignal stop;
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return fail(sync::ErrorCode::not_enrolled,
                "there is no data folder " + directory.string() + ": enrol this computer first");
  }
  const sync::Result<host::DataLock> lock = command::lock_for_daemon(directory);
  if (!lock) return fail(lock.error());
  const sync::Result<std::unique_ptr<Node>> node = Node::open(directory);
  if (!node) return fail(node.error());
  Link link(**node);
  SyncLoop sync_loop(**node, link);
  const command::Methods methods = operations_of(
      **node, link,
      {[&sync_loop] { return sync_loop.attempts(); }, [&sync_loop] { sync_loop.work_came(); }});
  sync::Result<host::ControlServer> control =
      host::ControlServer::start(directory, command::control_handler(methods));
  if (!control) return fail(control.error());
  host::log(host::Level::info, "node.running",
            {{"unit", (*node)->identity().unit},
             {"device", device_id((*node)->device_key().public_key())}});
  stop.wait();
  host::log(host::Level::info, "node.stopping", {});
  control->stop();
  return {};
}

}  // namespace tram::node
