#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/keys.hpp"
#include "host/secret.hpp"
#include "http/certificates.hpp"
#include "schema/units.hpp"
#include "sync/core/ports.hpp"
#include "sync/core/result.hpp"
#include "sync/crypto/signature.hpp"

/// The province's identity in a data directory: its authority, the hub's own key, the key of the
/// store, and the public half of the recovery key.
///
///     DIR/province.json       what is public: code, names, authority's certificate, public keys
///     DIR/keys/*.sealed       authority, hub, store: sealed to this machine (host/keys.hpp)
///     DIR/keys/*.recovery     the same, wrapped to the recovery key
///     DIR/recovery-key.txt    the recovery key itself: to be printed, locked away, and deleted
namespace tram::hub {

class Province {
 public:
  /// Makes the directory and everything in it. `conflict` if there is a province already, `usage`
  /// for a province code that does not exist.
  [[nodiscard]] static sync::Result<Province> create(const std::filesystem::path& directory,
                                                     const std::string& province_code,
                                                     sync::Instant now, sync::Random& random);
  /// `not_enrolled` if the directory holds no province, or keys of another machine.
  [[nodiscard]] static sync::Result<Province> open(const std::filesystem::path& directory);

  [[nodiscard]] const std::string& code() const { return code_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const sync::Bytes& authority() const { return authority_; }
  [[nodiscard]] const sync::SigningKey& hub_key() const { return hub_key_; }
  [[nodiscard]] const sync::ByteArray<32>& recovery_key() const { return recovery_key_; }
  [[nodiscard]] const host::Secret& store_key() const { return store_key_; }
  [[nodiscard]] std::filesystem::path store_file() const { return directory_ / "tram.db"; }

  /// A certificate for a computer of a commune.
  [[nodiscard]] sync::Result<sync::Bytes> issue_device(const sync::PublicKey& key,
                                                       const std::string& device,
                                                       sync::Instant now) const;
  /// A fresh key and chain for the server, good for the hosts given.
  struct ServerIdentity {
    std::string chain_pem;
    host::Secret key_pem;
  };
  [[nodiscard]] sync::Result<ServerIdentity> issue_server(const std::vector<std::string>& hosts,
                                                          sync::Instant now) const;

 private:
  Province(std::filesystem::path directory, http::KeyPair authority_key, sync::SigningKey hub_key,
           host::Secret store_key);
  [[nodiscard]] sync::Status load_public();

  std::filesystem::path directory_;
  http::KeyPair authority_key_;
  sync::SigningKey hub_key_;
  host::Secret store_key_;
  std::string code_;
  std::string name_;
  sync::Bytes authority_;
  sync::ByteArray<32> recovery_key_{};
};

/// How a computer is called in certificates, logs and lists: the first half of its public key, hex.
[[nodiscard]] std::string device_id(const sync::PublicKey& key);

}  // namespace tram::hub
