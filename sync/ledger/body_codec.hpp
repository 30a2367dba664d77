#pragma once

#include "sync/core/codec.hpp"
#include "sync/ledger/entry.hpp"

/// The parts of an entry's bytes that the wire shares with the ledger (schema/ledger.md, "Bodies").
/// Writers assert what only the author can break; readers refuse through the Reader and never
/// allocate more than the bytes given.
namespace tram::sync {

/// The byte that says which body follows: 1 opening, 2 edit, 3 verdict, 4 erase.
[[nodiscard]] std::uint8_t form_of(const EntryBody& body);

void write_body(Writer& out, const EntryBody& body);
/// Refuses unknown forms.
[[nodiscard]] EntryBody read_body(Reader& in, std::uint8_t form);

/// The order of changes in an entry: by field, then by element.
[[nodiscard]] bool change_order(const Change& a, const Change& b);
void write_change(Writer& out, const Change& change);
/// Count and changes, in order, at least one.
void write_changes(Writer& out, const std::vector<Change>& changes);
[[nodiscard]] std::vector<Change> read_changes(Reader& in);

}  // namespace tram::sync
