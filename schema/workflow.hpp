#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sync/ledger/value.hpp"

/// The steps of a dossier. A step's rank and final flag travel inside the value, so that versions
/// which do not know a word order it alike; the words here are only what *this* version writes and
/// shows.
///
/// Concurrent steps: the greatest rank wins, and two different finals are put before a person.
/// Steps that follow each other need no rank: the later one holds, whatever it says. Nothing here
/// refuses a step: what looks odd may be what happened at the counter, so it is flagged and kept.
namespace tram::schema {

struct StatusWord {
  std::string_view word;
  std::uint8_t rank = 0;
  bool final = false;            ///< ends the dossier
  std::uint8_t portal_code = 0;  ///< 1 to 10, what the national portal calls it
  std::string_view label_vi;
  std::string_view label_en;
};

/// The rank of a word that the writer's schema did not know. Such a word is also marked final,
/// which makes the engine treat it with care: beside any final, or another unknown word, it is a
/// conflict, so it neither beats nor loses silently; beside an ordinary step it is what the screen
/// shows, with the flag of `unusual_step`. Rank 0 would let every known step hide it. `ended` does
/// not count it as an end.
inline constexpr std::uint8_t rank_unknown = 255;

/// Every word, ascending by rank.
[[nodiscard]] std::span<const StatusWord> status_words();

/// nullptr for a word that this version does not know.
[[nodiscard]] const StatusWord* find_status(std::string_view word);

/// What a save of this word writes. A word unknown here gets `rank_unknown`. The caller has checked
/// that the word is not empty and within `limits::status_word_bytes_max`.
[[nodiscard]] sync::StatusValue status_value(std::string_view word);

/// True iff the dossier is over, also by a final word that only a newer version knows.
[[nodiscard]] bool ended(const sync::StatusValue& status);

/// True iff going from one word to the other is not a step that the procedure knows, or one of the
/// words is unknown. `from` is empty for a new dossier. The same word again is usual.
[[nodiscard]] bool unusual_step(std::string_view from, std::string_view to);

/// One row of the portal's own list (data/dossier_status.csv), 0 to 10.
struct PortalStatus {
  std::uint8_t code = 0;
  std::string name_vi;
  std::string meaning;
  std::string statistics_group;  ///< open, paused, closed, excluded, …
};

[[nodiscard]] std::span<const PortalStatus> portal_statuses();

}  // namespace tram::schema
