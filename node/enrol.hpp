#pragma once

#include <filesystem>
#include <string>

#include "node/identity.hpp"
#include "sync/core/result.hpp"

namespace tram::node {

/// Enrols this computer: makes its key in the directory (which it creates), asks the hub that the
/// ticket names for a certificate, makes the store, and saves the identity last. Run again after a
/// cut it goes on with the same key, and the hub answers the same code for it.
///
/// `refused`: the code is wrong, was used or has expired. `unverified`: whoever answered does not
/// know the code, or is not the authority of the ticket. `unavailable`: the hub cannot be reached.
/// `conflict`: the directory is enrolled already.
[[nodiscard]] sync::Result<Identity> enrol(const std::filesystem::path& directory,
                                           const std::string& ticket, const std::string& label);

}  // namespace tram::node
