#pragma once
// The ledger's one table. Only inserts are possible while the triggers stand, and verifying checks that they
// do.

#include <array>

namespace regent::engine {

inline constexpr int ledger_application_id = 0x52474E31;  // "RGN1"
inline constexpr int ledger_format = 1;

inline constexpr const char* ledger_table =
    "CREATE TABLE event(sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, stream_ms INTEGER NOT NULL, "
    "payload TEXT NOT NULL, previous_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT";
inline constexpr const char* ledger_no_update =
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END";
inline constexpr const char* ledger_no_delete =
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END";
inline constexpr std::array ledger_schema{ledger_table, ledger_no_update, ledger_no_delete};

}  // namespace regent::engine
