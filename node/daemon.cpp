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

namespace {

constexpr std::int64_t disk_check_ms = 60'000;
// Whoever starts it again opens the store anew, which checks it.
constexpr const char* broken_words =
    "the disk failed while it saved; what was acknowledged before stands. The program ends, to be "
    "started again: look at the disk if this comes back";

}  // namespace

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
  command::DiskGuard disk((*node)->store(), directory, ballast_bytes((*node)->config()));
  disk.on_failure([&stop] { stop.request(); });
  Link link(**node);
  SyncLoop sync_loop(**node, link);
  const command::Methods methods = operations_of(**node, link,
                                                 {[&sync_loop] { return sync_loop.attempts(); },
                                                  [&sync_loop] { sync_loop.work_came(); }, &disk});
  sync::Result<host::ControlServer> control =
      host::ControlServer::start(directory, command::control_handler(methods));
  if (!control) return fail(control.error());
  host::log(host::Level::info, "node.running",
            {{"unit", (*node)->identity().unit},
             {"device", device_id((*node)->device_key().public_key())}});
  while (!stop.wait_for(disk_check_ms)) static_cast<void>(disk.read_only());
  host::log(host::Level::info, "node.stopping", {});
  control->stop();
  if ((*node)->store().is_broken()) return fail(sync::ErrorCode::io, broken_words);
  return {};
}

}  // namespace tram::node
