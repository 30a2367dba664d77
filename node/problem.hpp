#pragma once

#include "http/message.hpp"
#include "sync/core/result.hpp"

namespace tram::node {

/// What an answer of the hub that is not a success means. An answer that is no problem document, a
/// captive portal's page above all, is `unavailable`: whoever it was, it was not the hub.
[[nodiscard]] sync::Error problem_of(const http::Response& response);

}  // namespace tram::node
