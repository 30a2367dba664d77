#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

/// Who may come in, and how much is written about those who may not. Internal to http/. Any thread.
namespace tram::http {

/// Counts connections, in all and unauthenticated ones for each address.
class Admission {
 public:
  Admission(std::size_t total, std::size_t per_address)
      : connections_max_(total), per_address_max_(per_address) {}

  /// One connection in the books, or false. An empty address is exempt from the limit for
  /// addresses.
  [[nodiscard]] bool admit(const std::string& address);
  /// The connection has shown who it is: its address counts it no longer.
  void authenticated(const std::string& address);
  /// The connection ended; `address` is empty if it was exempt or authenticated.
  void leave(const std::string& address);
  [[nodiscard]] std::size_t open() const;

 private:
  void forget(const std::string& address);

  const std::size_t connections_max_;
  const std::size_t per_address_max_;
  mutable std::mutex mutex_;
  std::size_t open_ = 0;
  std::map<std::string, std::size_t> unauthenticated_;
};

/// Lets so many lines a minute pass; a flood must not fill the disk with its own story.
class RefusalLog {
 public:
  /// `event` as in host/log.hpp; the first line of a new minute says how many were left out before.
  void refused(const char* event, const std::string& reason, const std::string& remote);

 private:
  std::mutex mutex_;
  std::int64_t minute_ = -1;
  std::size_t lines_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace tram::http
