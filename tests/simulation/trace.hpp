#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sync/core/bytes.hpp"

namespace tram::simulation {

/// What happened, in order, as one number: two runs of one seed must come to the same. FNV-1a of
/// every event's words and numbers; no addresses, no real time, no bytes of encrypted pages.
class Trace {
 public:
  /// `loud`: each event is also printed to stderr, to find where two runs part.
  explicit Trace(bool loud = false) : loud_(loud) {}

  void add(std::int64_t at, std::string_view event, std::uint64_t machine = 0,
           std::uint64_t detail = 0);
  void add(std::int64_t at, std::string_view event, std::uint64_t machine, sync::ByteView name);

  /// For a person only.
  void say(std::string_view text) const;

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  void mix(sync::ByteView bytes);
  bool loud_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t events_ = 0;
};

[[nodiscard]] std::string hash_text(std::uint64_t hash);

}  // namespace tram::simulation
