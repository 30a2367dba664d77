#include "host/linux/control_frames.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "host/control.hpp"
#include "sync/core/assert.hpp"
#include "sync/core/bytes.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

constexpr std::size_t head_bytes = 4;

sync::Status wait_for_socket(int socket, short events, std::int64_t wait_ms) {
  pollfd entry{socket, events, 0};
  int ready = -1;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(wait_ms));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail(system_error(errno, "control channel"));
  if (ready == 0) return fail(ErrorCode::unavailable, "control channel: the other side is silent");
  return {};
}

sync::Status read_exactly(int socket, std::span<std::uint8_t> out, std::int64_t wait_ms) {
  while (!out.empty()) {
    const ssize_t got = ::recv(socket, out.data(), out.size(), MSG_DONTWAIT);
    if (got > 0) {
      out = out.subspan(static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
      return fail(ErrorCode::unavailable, "control channel: the other side closed it");
    }
    if (auto ready = wait_for_socket(socket, POLLIN, wait_ms); !ready) return ready;
  }
  return {};
}

sync::Status write_exactly(int socket, sync::ByteView bytes, std::int64_t wait_ms) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(done));
      continue;
    }
    if (done < 0 && errno == EINTR) continue;
    if (done == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
      return fail(ErrorCode::unavailable, "control channel: the other side closed it");
    }
    if (auto ready = wait_for_socket(socket, POLLOUT, wait_ms); !ready) return ready;
  }
  return {};
}

std::array<std::uint8_t, head_bytes> head_of(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24U), static_cast<std::uint8_t>(number >> 16U),
          static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
}

}  // namespace

sync::Result<ControlPlace> ControlPlace::find(const std::filesystem::path& directory) {
  ControlPlace place;
  place.folder = Descriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place.folder.valid()) return fail(system_error(errno, directory.string()));
  std::string path = (directory / control_socket_name).string();
  if (path.size() >= sizeof place.address.sun_path) {
    path = "/proc/self/fd/" + std::to_string(place.folder.get()) + "/" + control_socket_name;
  }
  place.address.sun_family = AF_UNIX;
  std::memcpy(place.address.sun_path, path.c_str(), path.size() + 1);
  return place;
}

const sockaddr* socket_address(const ControlPlace& place) {
  return reinterpret_cast<const sockaddr*>(&place.address);
}

sync::Result<Descriptor> connect_to(const ControlPlace& place) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail(system_error(errno, "control channel"));
  if (::connect(socket.get(), socket_address(place), sizeof place.address) == 0) return socket;
  const int number = errno;
  if (number == ECONNREFUSED || number == ENOENT) {
    return fail(ErrorCode::not_found, "no daemon is running here");
  }
  // EAGAIN: the queue of those who wait to be accepted is full.
  if (number == EAGAIN) return fail(ErrorCode::unavailable, "the daemon is busy");
  return fail(system_error(number, "control channel"));
}

sync::Result<ControlFrame> read_frame(int socket, std::int64_t wait_ms) {
  std::array<std::uint8_t, head_bytes> head{};
  if (auto got = read_exactly(socket, head, wait_ms); !got) return fail(got.error());
  ControlFrame frame;
  for (const std::uint8_t byte : head) frame.mark = (frame.mark << 8U) | byte;
  if (frame.mark == mark_end || frame.mark >= mark_busy) return frame;
  if (frame.mark > control_message_bytes_max) {
    return fail(ErrorCode::limit, "control channel: the message is too large");
  }
  sync::Bytes text(frame.mark);
  if (auto got = read_exactly(socket, text, wait_ms); !got) return fail(got.error());
  frame.text = sync::as_text(text);
  return frame;
}

sync::Status write_message(int socket, std::string_view text, std::int64_t wait_ms) {
  TRAM_ASSERT(!text.empty() && text.size() <= control_message_bytes_max);
  const auto head = head_of(static_cast<std::uint32_t>(text.size()));
  if (auto done = write_exactly(socket, head, wait_ms); !done) return done;
  return write_exactly(socket, sync::as_bytes(text), wait_ms);
}

sync::Status write_mark(int socket, std::uint32_t mark, std::int64_t wait_ms) {
  return write_exactly(socket, head_of(mark), wait_ms);
}

std::int64_t peer_user(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
  return credentials.uid;
}

}  // namespace tram::host
