#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

/// The one way in which Tram reports that something did not work.
///
/// A function that the world can make fail (peer bytes, disk, clock, operator) returns Result<T>.
/// What only our own mistake can break is asserted instead (core/assert.hpp). A code exists only
/// where a caller reacts to it differently; everything else goes into the message, which is one
/// line, in plain words, and never carries a citizen's data.
///
/// The method names are those of C++23's std::expected, so that we can switch.
namespace tram::sync {

enum class ErrorCode {
  malformed,     ///< bytes that break their format: never retry the same bytes
  limit,         ///< larger or more than we accept: split or refuse
  unverified,    ///< a signature, hash, proof or pinned key does not fit: alarm (exit 6)
  refused,       ///< the other side, or the rules, say no (exit 7)
  unavailable,   ///< unreachable, busy or timed out: try again later (exit 4)
  not_found,     ///< no such thing
  conflict,      ///< somebody else was first: read again, then decide
  not_enrolled,  ///< this machine has no identity, or its configuration is wrong (exit 3)
  usage,         ///< the caller's words are off (exit 2)
  io,            ///< disk, file or database failed: the work may not be saved
  damaged,       ///< what the disk holds is no store any more: stop, and repair (exit 6)
  failed,        ///< anything else (exit 1)
};

/// A stable lower-case word for logs and JSON, e.g. "unavailable".
[[nodiscard]] std::string_view to_word(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

/// `return fail(ErrorCode::malformed, "frame: unknown version");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error on, with the place in front: `return fail(result.error(), "entry 7")`.
[[nodiscard]] inline tl::unexpected<Error> fail(const Error& error, std::string_view where) {
  return tl::unexpected<Error>(Error{error.code, std::string(where) + ": " + error.message});
}

[[nodiscard]] inline tl::unexpected<Error> fail(const Error& error) {
  return tl::unexpected<Error>(error);
}

}  // namespace tram::sync
