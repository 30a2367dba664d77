#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/linux/descriptor.hpp"
#include "sync/core/result.hpp"

/// The control channel's bytes and addresses, as both sides use them; see control.hpp. Internal.
namespace tram::host {

inline constexpr std::uint32_t mark_end = 0;
inline constexpr std::uint32_t mark_alive = 0xFFFFFFFF;
inline constexpr std::uint32_t mark_failed = 0xFFFFFFFE;
inline constexpr std::uint32_t mark_busy = 0xFFFFFFFD;

inline constexpr const char* control_socket_name = "control.sock";

/// A socket address for DIR/control.sock that works for any length of DIR: sun_path has 108 bytes,
/// so a longer path goes through /proc/self/fd. Keeps the folder open as long as it lives.
struct ControlPlace {
  Descriptor folder;
  sockaddr_un address{};

  [[nodiscard]] static sync::Result<ControlPlace> find(const std::filesystem::path& directory);
};

/// The form in which the system's calls take the address; points into `place`.
[[nodiscard]] const sockaddr* socket_address(const ControlPlace& place);

/// A connected, non-blocking socket, or the error in errno (`not_found` if nobody listens).
[[nodiscard]] sync::Result<Descriptor> connect_to(const ControlPlace& place);

/// Either a mark (text empty) or a message (mark == its length).
struct ControlFrame {
  std::uint32_t mark = mark_end;
  std::string text;
};

/// Each wait for the next byte takes at most `wait_ms`. `unavailable`: nothing came, or the other
/// side closed; `limit`: a length over the limit that is no mark.
[[nodiscard]] sync::Result<ControlFrame> read_frame(int socket, std::int64_t wait_ms);
/// A message; must not be empty or larger than the limit.
[[nodiscard]] sync::Status write_message(int socket, std::string_view text, std::int64_t wait_ms);
[[nodiscard]] sync::Status write_mark(int socket, std::uint32_t mark, std::int64_t wait_ms);

/// The user at the other end; -1 if the system does not say.
[[nodiscard]] std::int64_t peer_user(int socket);

}  // namespace tram::host
