-- The ledger, the feeds, the bookkeeping of sessions, and the projection. Rules: README.md.
-- 64-bit unsigned numbers of foreign origin (seq) keep their bits in a signed column.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Ledger ----------------------------------------------------------------------------------

-- A log is known by its id as soon as anything stands in it; its device and unit come with its
-- opening.
CREATE TABLE log (
  log_id         INTEGER PRIMARY KEY,
  log            BLOB NOT NULL UNIQUE CHECK (length(log) = 16),
  device         BLOB CHECK (length(device) = 32),
  unit           TEXT,
  own            INTEGER NOT NULL DEFAULT 0 CHECK (own IN (0, 1)),
  head_count     INTEGER,  -- the newest signed head: all three, or none
  head_chain     BLOB CHECK (length(head_chain) = 32),
  head_signature BLOB CHECK (length(head_signature) = 64)
) STRICT;
CREATE INDEX log_device ON log (device);
CREATE INDEX log_own ON log (log_id) WHERE own = 1;

-- The keys whose verdicts and erasures count.
CREATE TABLE hub_key (
  device BLOB PRIMARY KEY CHECK (length(device) = 32)
) STRICT, WITHOUT ROWID;

-- An entry by its name. log_id and seq repeat the place where it counts: its bytes' own place,
-- or, while there are no bytes, the first place under which it came.
CREATE TABLE entry (
  entry_id  INTEGER PRIMARY KEY,
  name      BLOB NOT NULL UNIQUE CHECK (length(name) = 32),
  log_id    INTEGER NOT NULL REFERENCES log (log_id),
  seq       INTEGER NOT NULL,
  -- 0 not decodable or no bytes yet, 1 opening, 2 edit, 3 verdict, 4 erase
  form      INTEGER NOT NULL DEFAULT 0,
  -- the record that it writes or erases; kept when its bytes are erased
  kind      INTEGER,
  record    BLOB CHECK (length(record) = 16),
  -- its bytes name a place where it does not stand: no effect
  misplaced INTEGER NOT NULL DEFAULT 0 CHECK (misplaced IN (0, 1)),
  erased    INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
  -- of an own log, and not in the home feed
  pending   INTEGER NOT NULL DEFAULT 0 CHECK (pending IN (0, 1)),
  bytes     BLOB  -- NULL: held by its name alone
) STRICT;
CREATE INDEX entry_record ON entry (kind, record) WHERE record IS NOT NULL;
CREATE INDEX entry_pending ON entry (log_id, seq) WHERE pending = 1;
CREATE INDEX entry_name_only ON entry (entry_id) WHERE bytes IS NULL AND erased = 0;

-- Where entries stand. A log is a tree: several entries may claim one place. `chain` is the
-- log's chain value that ends here, NULL while the log before is not held.
CREATE TABLE place (
  log_id   INTEGER NOT NULL REFERENCES log (log_id),
  seq      INTEGER NOT NULL,
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id),
  chain    BLOB CHECK (length(chain) = 32),
  PRIMARY KEY (log_id, seq, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX place_entry ON place (entry_id);

-- The ends of a log's branches. They also remember how long a log was: a tail that is taken
-- away is missed.
CREATE TABLE log_tip (
  log_id INTEGER NOT NULL REFERENCES log (log_id),
  count  INTEGER NOT NULL,
  chain  BLOB NOT NULL CHECK (length(chain) = 32),
  PRIMARY KEY (log_id, count, chain)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry
BEGIN
  SELECT RAISE(ABORT, 'entries are never deleted');
END;

CREATE TRIGGER entry_keeps_its_name BEFORE UPDATE OF entry_id, name ON entry
WHEN new.entry_id IS NOT old.entry_id OR new.name IS NOT old.name
BEGIN
  SELECT RAISE(ABORT, 'an entry keeps its name');
END;

CREATE TRIGGER entry_keeps_its_bytes BEFORE UPDATE OF bytes ON entry
WHEN old.bytes IS NOT NULL AND new.bytes IS NOT old.bytes AND NOT (
  new.bytes IS NULL AND new.erased = 1 AND EXISTS (
    SELECT 1 FROM erasure
    WHERE erasure.kind = old.kind AND erasure.record = old.record AND erasure.counts = 1))
BEGIN
  SELECT RAISE(ABORT, 'only an erasure drops bytes');
END;

CREATE TRIGGER place_is_kept BEFORE DELETE ON place
BEGIN
  SELECT RAISE(ABORT, 'places are never deleted');
END;

CREATE TRIGGER place_keeps_its_entry BEFORE UPDATE ON place
WHEN new.log_id IS NOT old.log_id OR new.seq IS NOT old.seq OR new.entry_id IS NOT old.entry_id
  OR (old.chain IS NOT NULL AND new.chain IS NOT old.chain)
BEGIN
  SELECT RAISE(ABORT, 'a place keeps its entry and its chain value');
END;

-- Feeds -----------------------------------------------------------------------------------

CREATE TABLE feed (
  feed_id INTEGER PRIMARY KEY,
  feed    TEXT NOT NULL UNIQUE,
  size    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE feed_entry (
  feed_id  INTEGER NOT NULL REFERENCES feed (feed_id),
  position INTEGER NOT NULL,
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id),
  PRIMARY KEY (feed_id, position)
) STRICT, WITHOUT ROWID;
-- The entry first: most questions are "in which feeds does it stand?"
CREATE UNIQUE INDEX feed_entry_entry ON feed_entry (entry_id, feed_id);

-- Complete Merkle subtrees of level 1 and above; leaves follow from names.
CREATE TABLE feed_node (
  feed_id INTEGER NOT NULL REFERENCES feed (feed_id),
  level   INTEGER NOT NULL,
  idx     INTEGER NOT NULL,
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (feed_id, level, idx)
) STRICT, WITHOUT ROWID;

-- Verified heads. One a (epoch, size, root), with the newest time at which the hub said it;
-- kept as evidence when the hub has gone back below them (void).
CREATE TABLE head (
  head_id  INTEGER PRIMARY KEY,
  feed_id  INTEGER NOT NULL REFERENCES feed (feed_id),
  epoch    BLOB NOT NULL CHECK (length(epoch) = 8),
  size     INTEGER NOT NULL,
  root     BLOB NOT NULL CHECK (length(root) = 32),
  hub_time INTEGER NOT NULL,
  void     INTEGER NOT NULL DEFAULT 0 CHECK (void IN (0, 1)),
  bytes    BLOB NOT NULL,
  UNIQUE (feed_id, epoch, size, root)
) STRICT;
CREATE INDEX head_newest ON head (feed_id, size, hub_time) WHERE void = 0;

-- A part of a feed that the hub has lost. lost_entry has the positions [kept_from, head's size)
-- as they were; those below still stand in feed_entry.
CREATE TABLE lost (
  lost_id   INTEGER PRIMARY KEY,
  feed_id   INTEGER NOT NULL REFERENCES feed (feed_id),
  head      BLOB NOT NULL,
  agreed    INTEGER NOT NULL,
  kept_from INTEGER NOT NULL,
  returned  INTEGER NOT NULL,
  UNIQUE (feed_id, agreed, head)
) STRICT;

CREATE TABLE lost_entry (
  lost_id  INTEGER NOT NULL REFERENCES lost (lost_id),
  position INTEGER NOT NULL,
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id),
  PRIMARY KEY (lost_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX lost_entry_entry ON lost_entry (entry_id);

-- Entries due in other feeds than their author's, in the order in which they came.
CREATE TABLE delivery (
  delivery_id INTEGER PRIMARY KEY,
  feed_id     INTEGER NOT NULL REFERENCES feed (feed_id),
  entry_id    INTEGER NOT NULL REFERENCES entry (entry_id),
  UNIQUE (feed_id, entry_id)
) STRICT;

CREATE TABLE holder (
  kind     INTEGER NOT NULL,
  record   BLOB NOT NULL CHECK (length(record) = 16),
  feed_id  INTEGER NOT NULL REFERENCES feed (feed_id),
  standing INTEGER NOT NULL CHECK (standing IN (0, 1)),
  PRIMARY KEY (kind, record, feed_id)
) STRICT, WITHOUT ROWID;

-- Sessions --------------------------------------------------------------------------------

CREATE TABLE lineage (
  device   BLOB NOT NULL CHECK (length(device) = 32),
  number   INTEGER NOT NULL,
  last_run BLOB NOT NULL CHECK (length(last_run) = 16),
  count    INTEGER NOT NULL,
  copied   INTEGER NOT NULL DEFAULT 0 CHECK (copied IN (0, 1)),
  PRIMARY KEY (device, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_doubt ON lineage (device) WHERE number > 1;

CREATE TABLE run_state (
  one                INTEGER PRIMARY KEY CHECK (one = 1),
  run                BLOB NOT NULL CHECK (length(run) = 16),
  acknowledged_run   BLOB CHECK (length(acknowledged_run) = 16),
  acknowledged_count INTEGER NOT NULL,
  maybe_runs         BLOB NOT NULL,  -- 16 bytes each
  acknowledged       INTEGER NOT NULL CHECK (acknowledged IN (0, 1))
) STRICT;

-- Derived ---------------------------------------------------------------------------------

CREATE TABLE import_event (
  event    BLOB PRIMARY KEY CHECK (length(event) = 32),
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_event_entry ON import_event (entry_id);

-- Verdict entries by the name that they rule on; whether they count depends on their log's
-- device.
CREATE TABLE verdict (
  target   BLOB NOT NULL CHECK (length(target) = 32),
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id),
  PRIMARY KEY (target, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdict_entry ON verdict (entry_id);

-- Erase entries by the record that they erase. `counts`: written by the hub.
CREATE TABLE erasure (
  kind     INTEGER NOT NULL,
  record   BLOB NOT NULL CHECK (length(record) = 16),
  entry_id INTEGER NOT NULL REFERENCES entry (entry_id),
  counts   INTEGER NOT NULL CHECK (counts IN (0, 1)),
  PRIMARY KEY (kind, record, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_entry ON erasure (entry_id);

-- The state of a record in a scope (a feed). code_folded is left for search.
CREATE TABLE record (
  record_id     INTEGER PRIMARY KEY,
  feed_id       INTEGER NOT NULL REFERENCES feed (feed_id),
  kind          INTEGER NOT NULL,
  record        BLOB NOT NULL CHECK (length(record) = 16),
  state         BLOB NOT NULL,
  code          TEXT NOT NULL,
  code_folded   TEXT,
  custody       TEXT NOT NULL,
  conflicts     INTEGER NOT NULL,
  missing       INTEGER NOT NULL CHECK (missing IN (0, 1)),
  updated       INTEGER NOT NULL,
  needs_rebuild INTEGER NOT NULL DEFAULT 0 CHECK (needs_rebuild IN (0, 1)),
  UNIQUE (feed_id, kind, record)
) STRICT;
CREATE INDEX record_custody ON record (feed_id, kind, custody, record);
CREATE INDEX record_newest ON record (feed_id, kind, updated, record);
CREATE INDEX record_unfit ON record (record_id) WHERE needs_rebuild = 1;

-- Every code that a record ever bore.
CREATE TABLE record_code (
  code      TEXT NOT NULL,
  record_id INTEGER NOT NULL REFERENCES record (record_id) ON DELETE CASCADE,
  PRIMARY KEY (code, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_code_record ON record_code (record_id);

-- Fields that a person must decide.
CREATE TABLE conflict (
  conflict_id INTEGER PRIMARY KEY,
  record_id   INTEGER NOT NULL REFERENCES record (record_id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  field_name  TEXT NOT NULL,
  type        INTEGER NOT NULL,
  policy      INTEGER NOT NULL,
  element     TEXT NOT NULL,
  since       INTEGER NOT NULL,
  UNIQUE (record_id, number, field_name, type, policy, element)
) STRICT;

PRAGMA application_id = 0x5472616d;
PRAGMA user_version = 1;
