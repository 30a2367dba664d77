#include "hub/daemon.hpp"

#include "command/access.hpp"
#include "host/control.hpp"
#include "host/lock.hpp"
#include "host/log.hpp"
#include "host/signals.hpp"
#include "hub/exchanges.hpp"
#include "hub/front.hpp"
#include "hub/operations.hpp"

namespace tram::hub {

using sync::fail;

sync::Status run_daemon(const std::filesystem::path& directory,
                        const std::optional<std::string>& listen) {
  const host::StopSignal stop;
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return fail(sync::ErrorCode::not_enrolled,
                "there is no data folder " + directory.string() + ": run `init` first");
  }
  const sync::Result<host::DataLock> lock = command::lock_for_daemon(directory);
  if (!lock) return fail(lock.error());
  sync::Result<std::unique_ptr<Hub>> hub = Hub::open(directory);
  if (!hub) return fail(hub.error());
  sync::Result<std::unique_ptr<Exchanges>> exchanges = Exchanges::start(**hub);
  if (!exchanges) return fail(exchanges.error());
  Front front(**hub, **exchanges);
  const std::string address = listen.value_or((*hub)->config().listen);
  const sync::Result<std::uint16_t> port = front.start(address);
  if (!port) return fail(port.error());

  const command::Methods methods = operations_of(
      **hub, {[&](const sync::PublicKey& key) { return (*exchanges)->last_contact(key); },
              [&] {
                if (const sync::Status renewed = front.renew_certificate(); !renewed) {
                  host::log(host::Level::error, "hub.certificate_not_renewed",
                            {{"reason", renewed.error().message}});
                }
              }});
  sync::Result<host::ControlServer> control =
      host::ControlServer::start(directory, command::control_handler(methods));
  if (!control) return fail(control.error());
  host::log(host::Level::info, "hub.listening",
            {{"address", address.substr(0, address.rfind(':'))}, {"port", *port}});

  // The server's certificate lives 90 days: a new one a week keeps a hub that is never restarted
  // going.
  constexpr std::int64_t week_ms = 7 * 24 * 3'600'000LL;
  while (!stop.wait_for(week_ms)) {
    if (const sync::Status renewed = front.renew_certificate(); !renewed) {
      host::log(host::Level::error, "hub.certificate_not_renewed",
                {{"reason", renewed.error().message}});
    }
  }
  host::log(host::Level::info, "hub.stopping", {});
  control->stop();
  front.stop();
  return {};
}

}  // namespace tram::hub
