#pragma once

#include <cstddef>
#include <cstdint>

/// What the schema accepts from people, files and other systems (promise G). The engine's own
/// limits are in sync/limits.hpp; those repeated here are equal to them, and a test compares the
/// two.
namespace tram::schema::limits {

// --- equal to the engine's: an event that passes here always fits an entry ---

inline constexpr std::size_t changes_max = 512;
inline constexpr std::size_t field_name_bytes_max = 64;
inline constexpr std::size_t element_key_bytes_max = 512;
inline constexpr std::size_t status_word_bytes_max = 64;
inline constexpr std::size_t unit_bytes_max = 32;
inline constexpr std::int64_t time_ms_max = (std::int64_t{1} << 48) - 1;

// --- our own ---

/// All changes of one save, with their names and keys. An entry may have 64 KiB; its head, 32
/// parents and the numbers around 512 changes take less than the 8 KiB that are left.
inline constexpr std::size_t changes_bytes_max = 56 * 1024;
/// One line of an import. The longest of the sample month has 1.6 kB.
inline constexpr std::size_t event_line_bytes_max = 64 * 1024;
/// Arrays and objects within each other. Events have three; an unknown field may bring some of its
/// own.
inline constexpr std::size_t json_depth_max = 16;
/// A number with more digits would come back altered: binary floating point keeps fifteen for
/// certain.
inline constexpr std::size_t json_float_digits_max = 15;
/// Papers of one dossier. The longest list of the sample month has eight.
inline constexpr std::size_t elements_max = 256;
/// A dossier's code: the official form has 18 to 26 characters, other systems' are longer.
inline constexpr std::size_t code_bytes_max = 64;
/// A CSV file that an operator hands in (`--units FILE`): the national list with all columns has
/// 210 kB.
inline constexpr std::size_t csv_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t csv_rows_max = 100'000;
inline constexpr std::size_t csv_columns_max = 64;
inline constexpr std::size_t csv_cell_bytes_max = 16 * 1024;

}  // namespace tram::schema::limits
