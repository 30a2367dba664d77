#include "host/keys.hpp"

#include <algorithm>

#include "host/files.hpp"
#include "host/master_key.hpp"
#include "host/random.hpp"
#include "host/sealing.hpp"

namespace tram::host {
namespace {

using sync::ErrorCode;
using sync::fail;

// A sealed file: version 1 ‖ nonce (12) ‖ ciphertext ‖ tag (16). The version and the name are
// bound.
constexpr std::uint8_t version = 1;
constexpr std::size_t head_bytes = 1 + seal_nonce_bytes;
constexpr std::size_t name_chars_max = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_chars_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

sync::Bytes associated_data(std::string_view name) {
  sync::Bytes out = sync::to_bytes(std::string_view("tram key 1 "));
  out.insert(out.end(), name.begin(), name.end());
  return out;
}

}  // namespace

sync::Result<KeyVault> KeyVault::open(const std::filesystem::path& directory) {
  auto folder = directory / "keys";
  if (auto made = make_private_directory(folder); !made) return fail(made.error());
  auto master = load_master_key(folder);
  if (!master) return fail(master.error());
  return KeyVault(std::move(folder), std::move(*master));
}

std::filesystem::path KeyVault::file_of(std::string_view name) const {
  return folder_ / (std::string(name) + ".sealed");
}

sync::Status KeyVault::store(std::string_view name, const Secret& secret) {
  if (!is_name(name)) return fail(ErrorCode::usage, "key vault: not a name for a secret");
  if (secret.size() > secret_bytes_max) {
    return fail(ErrorCode::limit, "key vault: the secret is too large");
  }
  sync::Bytes out(head_bytes);
  out[0] = version;
  // A random nonce is safe here: a vault is written a few times a year, far below 2^32.
  SystemRandom().fill(std::span(out).subspan(1, seal_nonce_bytes));
  const auto nonce = sync::to_bytes(sync::ByteView(out).subspan(1, seal_nonce_bytes));
  const auto sealed = seal({master_.view(), nonce}, associated_data(name), secret.view());
  if (!sealed) return fail(sealed.error());
  out.insert(out.end(), sealed->begin(), sealed->end());
  return write_file_atomically(file_of(name), out, FileMode::owner_only);
}

sync::Result<Secret> KeyVault::load(std::string_view name) const {
  if (!is_name(name)) return fail(ErrorCode::usage, "key vault: not a name for a secret");
  const auto file = file_of(name);
  if (auto safe = refuse_readable_by_others(file); !safe) return fail(safe.error());
  const auto bytes = read_file(file, head_bytes + secret_bytes_max + seal_tag_bytes);
  if (!bytes) return fail(bytes.error());
  if (bytes->size() < head_bytes + seal_tag_bytes || (*bytes)[0] != version) {
    return fail(ErrorCode::unverified, "key vault: " + file.string() + " is cut or changed");
  }
  const sync::ByteView view(*bytes);
  auto secret = open_sealed({master_.view(), view.subspan(1, seal_nonce_bytes)},
                            associated_data(name), view.subspan(head_bytes));
  if (!secret && secret.error().code == ErrorCode::unverified) {
    return fail(ErrorCode::unverified,
                "key vault: " + file.string() + " was changed, or sealed on another machine");
  }
  return secret;
}

bool KeyVault::exists(std::string_view name) const {
  std::error_code ignored;
  return is_name(name) && std::filesystem::exists(file_of(name), ignored);
}

sync::Status KeyVault::remove(std::string_view name) {
  if (!is_name(name)) return fail(ErrorCode::usage, "key vault: not a name for a secret");
  return remove_file(file_of(name));
}

}  // namespace tram::host
