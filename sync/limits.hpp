#pragma once

#include <cstddef>
#include <cstdint>

/// Every limit of the engine, beside its reason (promise G). Tests pass other values through
/// options; none of these is changed at run time.
namespace tram::sync::limits {

// --- entries: part of the format, so these can be raised but never lowered ---

/// An entry is held and receipted up to this size, for ever. A dossier with all its papers is ~1
/// kB.
inline constexpr std::size_t entry_bytes_max = 64 * 1024;
/// Fields and elements that one save may write. The largest create of the sample month has 32.
inline constexpr std::size_t changes_max = 512;
/// Tips that a screen can have shown. More branches than this are merged by saving twice.
inline constexpr std::size_t parents_max = 32;
/// A single value. Leaves room for the rest of the entry.
inline constexpr std::size_t value_bytes_max = 60 * 1024;
/// The name of a field that travels by name, and the key of an element (a paper's title).
inline constexpr std::size_t field_name_bytes_max = 64;
inline constexpr std::size_t element_key_bytes_max = 512;
inline constexpr std::size_t attributes_max = 32;
inline constexpr std::size_t status_word_bytes_max = 64;
/// Official unit codes have 5 digits, departments' identifiers up to 20 characters.
inline constexpr std::size_t unit_bytes_max = 32;
/// Legal ground of an erasure, reason of a verdict.
inline constexpr std::size_t reason_bytes_max = 400;
/// Milliseconds since 1970 up to the year 10889: what fits six bytes.
inline constexpr std::uint64_t time_ms_max = (std::uint64_t{1} << 48U) - 1;

// --- logs ---

/// Branches of one log that are followed; a device that makes more is quarantined.
inline constexpr std::size_t branches_max = 16;

// --- frames and messages: a peer that sends more gets a typed error ---

/// A frame after decompression, and before it. Bounds the memory of one exchange.
inline constexpr std::size_t frame_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t frame_packed_bytes_max = 2 * 1024 * 1024;
/// Entries, names and proofs in one frame.
inline constexpr std::size_t frame_entries_max = 16 * 1024;
inline constexpr std::size_t frame_runs_max = 4 * 1024;
inline constexpr std::size_t frame_names_max = 16 * 1024;
inline constexpr std::size_t proof_hashes_max = 128;
inline constexpr std::size_t feeds_max = 64;
inline constexpr std::size_t roots_max = 72;
/// Visits of one device that may have reached the hub since the last one it acknowledged. When a
/// node has more, it keeps the newest: one of them must have been the last to arrive.
inline constexpr std::size_t hello_visits_max = 64;
/// What a driver asks for in one frame unless it knows its link better: about 4 s at 64 kbit/s.
inline constexpr std::size_t frame_bytes_wanted = 256 * 1024;

}  // namespace tram::sync::limits
