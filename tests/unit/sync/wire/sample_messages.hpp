#pragma once

#include "sync/wire/messages.hpp"

namespace tram::sync::test {

/// Messages in which every part is there, with values that show in a dump.
[[nodiscard]] ExchangeRequest sample_request();
[[nodiscard]] ExchangeReply sample_reply();
/// The small request that schema/wire.md works through: a new run, one create, nothing shared.
[[nodiscard]] ExchangeRequest documented_request();

}  // namespace tram::sync::test
