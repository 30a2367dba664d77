#include <string>

#include "host/control.hpp"
#include "host/linux/control_frames.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

sync::Result<Descriptor> reach(const std::filesystem::path& directory) {
  const auto place = ControlPlace::find(directory);
  if (!place) return fail(place.error());
  auto socket = connect_to(*place);
  if (!socket) return socket;
  // Root may talk to anybody's daemon; anyone else only to a daemon of their own or of root.
  const std::int64_t user = peer_user(socket->get());
  if (::geteuid() != 0 && user != 0 && user != std::int64_t{::geteuid()}) {
    return fail(ErrorCode::refused, "the daemon here belongs to another user");
  }
  return socket;
}

/// Reads the answer to its end.
sync::Status read_answer(int socket, std::int64_t silence_ms,
                         const std::function<void(std::string_view)>& on_reply) {
  for (;;) {
    const auto frame = read_frame(socket, silence_ms);
    if (!frame && frame.error().code == ErrorCode::unavailable) {
      return fail(ErrorCode::unavailable, "the daemon stopped answering");
    }
    if (!frame) return fail(frame.error());
    switch (frame->mark) {
      case mark_end: return {};
      case mark_alive: break;
      case mark_failed: return fail(ErrorCode::failed, "the daemon could not finish this");
      case mark_busy:
        return fail(ErrorCode::unavailable, "the daemon has too many commands at once");
      default: on_reply(frame->text);
    }
  }
}

}  // namespace

sync::Result<ControlClient> ControlClient::connect(const std::filesystem::path& directory,
                                                   ControlOptions options) {
  // Only asks whether somebody listens: a connection kept open would take one of the eight places
  // while the command thinks.
  if (auto socket = reach(directory); !socket) return fail(socket.error());
  return ControlClient(directory, options);
}

sync::Status ControlClient::call(std::string_view request,
                                 const std::function<void(std::string_view)>& on_reply) {
  if (request.empty()) return fail(ErrorCode::usage, "control channel: an empty request");
  if (request.size() > control_message_bytes_max) {
    return fail(ErrorCode::limit, "control channel: the request is too large");
  }
  const auto socket = reach(directory_);
  if (!socket && socket.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::unavailable, "the daemon has stopped");
  }
  if (!socket) return fail(socket.error());
  const auto sent = write_message(socket->get(), request, options_.silence_ms);
  // A daemon that is busy closes without reading; what it said is still there to be read.
  const std::int64_t wait_ms = sent ? options_.silence_ms : 0;
  return read_answer(socket->get(), wait_ms, on_reply);
}

}  // namespace tram::host
