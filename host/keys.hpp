#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <utility>

#include "host/secret.hpp"
#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"

/// Small secrets at rest, sealed to this machine.
namespace tram::host {

/// Keeps named secrets (the device's key, the database key) under DIR/keys, each sealed by
/// AES-256-GCM under one master key, with its name bound in: a file that is renamed, cut or changed
/// does not open.
///
/// The master key comes from the systemd credential `tram-master` ($CREDENTIALS_DIRECTORY) if there
/// is one, else from DIR/keys/master.key, made on first use (0600). A folder copied to another
/// machine therefore opens only together with that key; the province's recovery key (recovery.hpp)
/// is the way back when it is lost.
///
/// It refuses keys and folders that others could read or write: that is a sign of a careless copy,
/// and a person has to look. It does not keep secrets from root, nor from this user's other
/// programs.
///
/// Any thread may use one object; two processes may not store at once (DataLock sees to that).
class KeyVault {
 public:
  /// Makes DIR/keys if needed (DIR must exist). `refused` if the folder, or the master key, is open
  /// to others or is not ours; `malformed` if the master key has a wrong size.
  [[nodiscard]] static sync::Result<KeyVault> open(const std::filesystem::path& directory);

  KeyVault(KeyVault&&) noexcept = default;
  KeyVault& operator=(KeyVault&&) noexcept = default;

  /// Replaces what was stored under the name, atomically and durably. Names are lower-case letters,
  /// digits, '-' and '_', at most 64; others are `usage`. Above `secret_bytes_max`: `limit`.
  [[nodiscard]] sync::Status store(std::string_view name, const Secret& secret);

  /// `not_found` if nothing was stored, `unverified` if the file was changed or belongs to another
  /// master key, `refused` if others could read it.
  [[nodiscard]] sync::Result<Secret> load(std::string_view name) const;

  [[nodiscard]] bool exists(std::string_view name) const;

  /// A secret that is not there counts as removed.
  [[nodiscard]] sync::Status remove(std::string_view name);

  /// PEM chains and keys are below 8 KiB; anything larger is not a key.
  static constexpr std::size_t secret_bytes_max = std::size_t{64} * 1024;

 private:
  KeyVault(std::filesystem::path folder, Secret master)
      : folder_(std::move(folder)), master_(std::move(master)) {}
  [[nodiscard]] std::filesystem::path file_of(std::string_view name) const;

  std::filesystem::path folder_;
  Secret master_;
};

}  // namespace tram::host
