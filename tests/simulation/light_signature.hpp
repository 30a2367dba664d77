#pragma once

/// Ed25519 costs a quarter of a run. A light signature is made of the same parts, key and message,
/// by a hash: it fits one key and one message, is always the same, and keeps out nobody.
namespace tram::simulation {

/// While on, EVP_DigestSign makes light signatures and EVP_DigestVerify takes them; any other one
/// is verified as always. Off at first. One thread. What was signed lightly verifies while on only.
void sign_lightly(bool on);

}  // namespace tram::simulation
