#pragma once

/// Ed25519 costs a fifth of a run, nearly all of it to verify what the same process has signed.
namespace tram::simulation {

/// While on, a signature that was made in this process counts as verified for exactly its key and
/// its message; every other one is verified as always. Off at first. One thread.
void remember_signatures(bool on);

}  // namespace tram::simulation
