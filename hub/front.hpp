#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/server.hpp"
#include "hub/exchanges.hpp"
#include "hub/hub.hpp"

/// The hub's door: routes requests of nodes to enrolment and exchanges.
///
///     POST /v1/enrol      no certificate; a proof of the one-time code in the body
///     POST /v1/exchange   certificate of an enrolled computer; a frame in, a frame out
///     GET  /v1/alive      anybody: 200 "tram hub"
///
/// Refusals are application/problem+json with `code` (ErrorCode's word) and `detail`; their status
/// is 403 refused, 400 malformed, 413 limit, 422 unverified, 429 too many tries, 503 unavailable.
namespace tram::hub {

class Front {
 public:
  /// Both must outlive it.
  Front(Hub& hub, Exchanges& exchanges);
  ~Front();

  /// Asked before something new is taken; where it fails, everybody is told to come back later. Set
  /// it before `start`.
  void admit_by(std::function<sync::Status()> admit) { admit_ = std::move(admit); }
  /// Listens on "host:port"; port 0 takes a free one. Returns the port.
  [[nodiscard]] sync::Result<std::uint16_t> start(const std::string& listen);
  void stop();
  /// A new certificate, when a code was made for a host that the present one does not name.
  [[nodiscard]] sync::Status renew_certificate();

 private:
  void serve(http::Request request, http::Respond respond);
  void enrol(const http::Request& request, const http::Respond& respond);
  void exchange(http::Request request, http::Respond respond);
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool too_many_tries(const std::string& address);
  [[nodiscard]] std::vector<std::string> hosts() const;

  Hub& hub_;
  Exchanges& exchanges_;
  std::function<sync::Status()> admit_;
  std::string listen_host_;
  std::unique_ptr<http::Server> server_;
  std::mutex mutex_;
  struct Tries {
    std::int64_t minute = 0;
    int count = 0;
  };
  std::map<std::string, Tries> tries_;
};

}  // namespace tram::hub
