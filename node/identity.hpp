#pragma once

#include <filesystem>
#include <string>

#include "host/keys.hpp"
#include "host/secret.hpp"
#include "sync/core/result.hpp"
#include "sync/crypto/signature.hpp"

/// Who this computer is, in a data directory:
///
///     DIR/identity.json       what is public: unit, hub's address, certificate, authority, keys
///     DIR/keys/device.sealed  the key that was born here and never leaves
///     DIR/keys/store.sealed   the key of the database, and store.recovery, the same wrapped to the
///                             province's recovery key
///     DIR/tram.db             the store
namespace tram::node {

struct Identity {
  std::string hub_url;  ///< "https://host:port"
  std::string unit;     ///< the commune's code
  std::string unit_name;
  std::string province;
  std::string certificate;  ///< PEM, of the device
  std::string authority;    ///< PEM, pinned
  sync::PublicKey hub_key{};
  sync::ByteArray<32> recovery_key{};
};

/// Written last at enrolment: where it stands, everything else does.
[[nodiscard]] sync::Status save_identity(const std::filesystem::path& directory,
                                         const Identity& identity);
/// `not_enrolled` if there is none, or it is damaged.
[[nodiscard]] sync::Result<Identity> load_identity(const std::filesystem::path& directory);

/// How a computer is called in lists and logs: the first half of its public key, hex.
[[nodiscard]] std::string device_id(const sync::PublicKey& key);

[[nodiscard]] std::filesystem::path store_file(const std::filesystem::path& directory);

}  // namespace tram::node
