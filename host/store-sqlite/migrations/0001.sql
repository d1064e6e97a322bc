-- Names are the words of the documentation. Times are milliseconds since 1970-01-01T00:00:00Z. Ids are the
-- sixteen bytes of their UUID: measured, they insert and look up as fast as text, in a table and index of 60 %
-- of the size. Rows refer to one another by `key`, the row number, which is short and appended in order. What
-- only people read is JSON text.
--
-- Texts of any length (submission, input, output) stand in tables of their own, so that a change of state
-- rewrites a short row, and many short rows share the page that a commit writes.
--
-- Words are checked with OR: for `IN` with three words or more, SQLite builds a table in memory each time a row is
-- written.

CREATE TABLE host (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    probe    INTEGER NOT NULL,
    -- What a clock said that could be trusted.
    noted_at INTEGER
) STRICT;
INSERT INTO host (one, probe) VALUES (1, 0);

CREATE TABLE connections (
    key        INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    connector  TEXT    NOT NULL,
    version    INTEGER NOT NULL CHECK (version > 0),
    changed_at INTEGER NOT NULL,
    definition TEXT    NOT NULL
) STRICT;
CREATE INDEX connections_by_connector ON connections (connector);

-- How often deliveries are tried, and since when. Written when it changes, and never again.
CREATE TABLE attempt_limits (
    key        INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (key),
    since      INTEGER NOT NULL,
    limits     TEXT    NOT NULL
) STRICT;
CREATE INDEX attempt_limits_by_connection ON attempt_limits (connection);

-- Connections at which somebody lets nothing begin.
CREATE TABLE pauses (
    connection INTEGER PRIMARY KEY REFERENCES connections (key),
    since      INTEGER NOT NULL,
    token      BLOB    NOT NULL CHECK (length(token) = 16),
    name       TEXT    NOT NULL,
    why        TEXT    NOT NULL
) STRICT;

CREATE TABLE flow_versions (
    key        INTEGER PRIMARY KEY,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    kept_at    INTEGER NOT NULL,
    definition TEXT    NOT NULL
) STRICT;

CREATE TABLE flows (
    name       TEXT    PRIMARY KEY,
    version    INTEGER NOT NULL REFERENCES flow_versions (key),
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    key          INTEGER PRIMARY KEY,
    digest       BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    connector    TEXT    NOT NULL,
    size_bytes   INTEGER NOT NULL,
    standing     TEXT    NOT NULL CHECK (standing = 'active' OR standing = 'retired' OR standing = 'installed'),
    since        INTEGER,
    installed_at INTEGER NOT NULL,
    description  TEXT    NOT NULL,
    CHECK ((standing = 'installed') = (since IS NULL))
) STRICT;
-- At most one revision of a connector is active, whoever writes.
CREATE UNIQUE INDEX revisions_active ON revisions (connector) WHERE standing = 'active';

CREATE TABLE runs (
    key             INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    flow            TEXT    NOT NULL,
    flow_version    INTEGER NOT NULL REFERENCES flow_versions (key),
    state           TEXT    NOT NULL CHECK (state = 'running' OR state = 'attention' OR state = 'succeeded'
                                            OR state = 'failed'),
    accepted_at     INTEGER NOT NULL,
    closed_at       INTEGER,
    idempotency_key TEXT,
    body_digest     BLOB,
    -- The delivery whose fate it tells of. Only its id: that delivery may be gone before this run.
    caused_by       BLOB    CHECK (length(caused_by) = 16),
    -- The failed run that it was started for, and whether its success closes that; on the other side, the run that was
    -- started for this one. Only their ids: either may be gone before the other.
    stands_for      BLOB    CHECK (length(stands_for) = 16),
    resolves        INTEGER CHECK (resolves = 0 OR resolves = 1),
    handled_by      BLOB    CHECK (length(handled_by) = 16),
    CHECK ((stands_for IS NULL) = (resolves IS NULL)),
    CHECK ((state IN ('succeeded', 'failed')) = (closed_at IS NOT NULL)),
    CHECK ((idempotency_key IS NULL) = (body_digest IS NULL))
) STRICT;
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (flow, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_by_flow ON runs (flow);
-- Nearly all runs succeed; who looks for those reads the table itself.
CREATE INDEX runs_by_state ON runs (state) WHERE state <> 'succeeded';

CREATE TABLE submissions (
    run        INTEGER PRIMARY KEY REFERENCES runs (key),
    submission TEXT    NOT NULL
) STRICT;

CREATE TABLE attachments (
    key        INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES runs (key),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size_bytes INTEGER NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    UNIQUE (run, id)
) STRICT;
-- Says whether a content is still in use.
CREATE INDEX attachments_by_digest ON attachments (digest);

CREATE TABLE deliveries (
    key              INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    run              INTEGER NOT NULL REFERENCES runs (key),
    step_index       INTEGER NOT NULL,
    step             TEXT    NOT NULL,
    connection       INTEGER NOT NULL REFERENCES connections (key),
    operation        TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state = 'queued' OR state = 'running' OR state = 'retrying'
                                             OR state = 'waiting' OR state = 'attention' OR state = 'closed'),
    -- Whether the connection's connector has an active revision, and nothing is before it. Kept while it waits, so
    -- that a claim never walks over those that it cannot begin.
    claimable        INTEGER NOT NULL CHECK (claimable IN (0, 1)),
    -- What it shares with those that it must not overtake, and whether one of these is before it.
    ordering_key     BLOB CHECK (length(ordering_key) = 32),
    behind           INTEGER NOT NULL CHECK (behind IN (0, 1)),
    due_at           INTEGER,
    attempts         INTEGER NOT NULL,
    -- How many of its waits for an answer have ended.
    phase            INTEGER NOT NULL DEFAULT 0,
    -- The phase in which it began from the start: another one once a person said that nothing of the round before happened.
    first_phase      INTEGER NOT NULL DEFAULT 0,
    lease_number     INTEGER NOT NULL,
    lease_until      INTEGER,
    attempt_revision INTEGER REFERENCES revisions (key),
    attempt_began_at INTEGER,
    reason           TEXT,
    attention_since  INTEGER,
    problem          TEXT,
    queue            TEXT,
    resolution       TEXT CHECK (resolution IN ('succeeded', 'failed')),
    closed_at        INTEGER,
    accepted_at      INTEGER NOT NULL,
    changed_at       INTEGER NOT NULL,
    CHECK ((state = 'queued' OR state = 'retrying' OR state = 'waiting') = (due_at IS NOT NULL)),
    CHECK (behind = 0 OR (claimable = 0 AND ordering_key IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'running') = (attempt_revision IS NOT NULL)),
    CHECK ((state = 'running') = (attempt_began_at IS NOT NULL)),
    CHECK ((state IN ('retrying', 'attention')) = (problem IS NOT NULL)),
    CHECK ((state = 'attention') = (reason IS NOT NULL)),
    CHECK ((state = 'attention') = (attention_since IS NOT NULL)),
    CHECK (queue IS NULL OR state = 'attention'),
    CHECK ((state = 'closed') = (resolution IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX deliveries_by_step ON deliveries (run, step_index);
-- Live states only: what is closed costs a claim nothing, however much there is of it. By connection: what waits for
-- one costs a claim for another nothing. What has a time at which it is due is queued, retrying or waiting.
CREATE INDEX deliveries_waiting ON deliveries (claimable, connection, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_in_order ON deliveries (ordering_key, key) WHERE ordering_key IS NOT NULL AND state <> 'closed';
CREATE INDEX deliveries_running ON deliveries (lease_until) WHERE state = 'running';
-- What waits for a person, as people look for it; within each, by key.
CREATE INDEX deliveries_attention ON deliveries (connection) WHERE state = 'attention';
CREATE INDEX deliveries_by_reason ON deliveries (reason) WHERE state = 'attention';
CREATE INDEX deliveries_by_queue ON deliveries (queue) WHERE state = 'attention' AND queue IS NOT NULL;

-- Steps that were passed by: their condition was false.
CREATE TABLE skips (
    run        INTEGER NOT NULL REFERENCES runs (key),
    step_index INTEGER NOT NULL,
    step       TEXT    NOT NULL,
    condition  TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (run, step_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE inputs (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (key),
    input    TEXT    NOT NULL
) STRICT;

CREATE TABLE outputs (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (key),
    output   TEXT    NOT NULL
) STRICT;

-- What connectors left when they began to wait for an answer. Stays while what was left may be needed again.
CREATE TABLE waits (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (key),
    state    TEXT    NOT NULL
) STRICT;

-- Answers that came in, by the number of their address. What came too late is kept without what it said.
CREATE TABLE arrivals (
    delivery   INTEGER NOT NULL REFERENCES deliveries (key),
    number     INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    standing   TEXT    NOT NULL CHECK (standing IN ('taken', 'late')),
    -- What its sender calls it, when it was signed.
    message    TEXT,
    media_type TEXT,
    body       BLOB,
    PRIMARY KEY (delivery, number),
    CHECK ((standing = 'taken') = (body IS NOT NULL)),
    CHECK ((standing = 'taken') = (media_type IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX arrivals_by_message ON arrivals (message) WHERE message IS NOT NULL;

-- Attempts that have ended; the one under way stands in its delivery's row. What goes on after a wait has the number of
-- the attempt that began to wait, and a lease of its own.
CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (key),
    lease    INTEGER NOT NULL,
    number   INTEGER NOT NULL CHECK (number > 0),
    resumed  INTEGER NOT NULL CHECK (resumed IN (0, 1)),
    revision INTEGER NOT NULL REFERENCES revisions (key),
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    problem  TEXT,
    timeline TEXT,
    PRIMARY KEY (delivery, lease)
) STRICT, WITHOUT ROWID;

-- What attempts have sent that must happen once. Noted before a byte leaves; closed with whatever is written next.
CREATE TABLE intents (
    delivery    INTEGER NOT NULL REFERENCES deliveries (key),
    number      INTEGER NOT NULL CHECK (number > 0),
    attempt     INTEGER NOT NULL,
    identity    BLOB    NOT NULL CHECK (length(identity) = 32),
    destination BLOB    NOT NULL CHECK (length(destination) = 32),
    request     TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    standing    TEXT    NOT NULL CHECK (standing = 'open' OR standing = 'happened' OR standing = 'did-not-happen'),
    answer      BLOB,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- One act on many deliveries: on those that fit the filter, from the latest below `before_key` on. What comes after it
-- began has larger keys.
CREATE TABLE batches (
    key           INTEGER PRIMARY KEY,
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    act           TEXT    NOT NULL,
    filter        TEXT    NOT NULL,
    per_second    INTEGER NOT NULL CHECK (per_second > 0),
    token         BLOB    NOT NULL CHECK (length(token) = 16),
    name          TEXT    NOT NULL,
    why           TEXT,
    began_at      INTEGER NOT NULL,
    before_key    INTEGER NOT NULL,
    found         INTEGER NOT NULL,
    done          INTEGER NOT NULL,
    refused       TEXT    NOT NULL,
    ended_at      INTEGER,
    stopped_token BLOB    CHECK (length(stopped_token) = 16),
    stopped_name  TEXT,
    CHECK ((stopped_token IS NULL) = (stopped_name IS NULL)),
    CHECK (stopped_token IS NULL OR ended_at IS NOT NULL)
) STRICT;
CREATE INDEX batches_under_way ON batches (key) WHERE ended_at IS NULL;

-- What people did about deliveries. States are JSON text; `input` is what an edit replaced.
CREATE TABLE acts (
    key            INTEGER PRIMARY KEY,
    delivery       INTEGER NOT NULL REFERENCES deliveries (key),
    at             INTEGER NOT NULL,
    token          BLOB    NOT NULL CHECK (length(token) = 16),
    name           TEXT    NOT NULL,
    act            TEXT    NOT NULL,
    why            TEXT,
    did_not_happen INTEGER NOT NULL CHECK (did_not_happen = 0 OR did_not_happen = 1),
    before         TEXT    NOT NULL,
    after          TEXT    NOT NULL,
    input          TEXT,
    batch          INTEGER REFERENCES batches (key)
) STRICT;
CREATE INDEX acts_by_delivery ON acts (delivery);
CREATE INDEX acts_by_batch ON acts (batch) WHERE batch IS NOT NULL;

CREATE TABLE schedules (
    key        INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    -- The connection that it polls; absent when it polls none.
    connection INTEGER REFERENCES connections (key),
    changed_at INTEGER NOT NULL,
    definition TEXT    NOT NULL,
    -- The tick that is to come.
    next_at    INTEGER,
    fires_at   INTEGER,
    -- When a tick last did what it was to do, and its key. That tick may be gone before this row.
    succeeded_at  INTEGER,
    succeeded_key INTEGER,
    CHECK ((succeeded_at IS NULL) = (succeeded_key IS NULL)),
    CHECK ((next_at IS NULL) = (fires_at IS NULL))
) STRICT;

CREATE TABLE ticks (
    key          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    schedule     INTEGER NOT NULL REFERENCES schedules (key),
    -- The connection that it polls.
    connection   INTEGER REFERENCES connections (key),
    planned_at   INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    count        INTEGER NOT NULL CHECK (count > 0),
    at           INTEGER NOT NULL,
    late         INTEGER NOT NULL CHECK (late = 0 OR late = 1),
    token        BLOB CHECK (length(token) = 16),
    by_name      TEXT,
    state        TEXT    NOT NULL CHECK (state = 'queued' OR state = 'running' OR state = 'retrying' OR state = 'done'
                                         OR state = 'failed' OR state = 'skipped'),
    why          TEXT,
    due_at       INTEGER,
    -- When that was decided.
    due_from     INTEGER,
    ended_at     INTEGER,
    problem      TEXT,
    attempts     INTEGER NOT NULL DEFAULT 0,
    lease_number INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER,
    started      INTEGER NOT NULL DEFAULT 0,
    known        INTEGER NOT NULL DEFAULT 0,
    held         INTEGER NOT NULL DEFAULT 0,
    run          INTEGER REFERENCES runs (key),
    timeline     TEXT,
    CHECK ((token IS NULL) = (by_name IS NULL)),
    CHECK ((state = 'queued' OR state = 'retrying') = (due_at IS NOT NULL)),
    CHECK (due_at IS NULL OR due_from IS NOT NULL),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'done' OR state = 'failed') = (ended_at IS NOT NULL)),
    -- While it is tried again, what was wrong before still stands.
    CHECK ((state = 'retrying' OR state = 'failed') = (problem IS NOT NULL) OR state = 'running'),
    CHECK ((state = 'skipped') = (why IS NOT NULL))
) STRICT;
CREATE INDEX ticks_by_schedule ON ticks (schedule);
CREATE INDEX ticks_by_plan ON ticks (schedule, planned_at);
CREATE INDEX ticks_failed ON ticks (schedule) WHERE state = 'failed';
CREATE INDEX ticks_started ON ticks (schedule) WHERE run IS NOT NULL;
CREATE INDEX ticks_by_run ON ticks (run) WHERE run IS NOT NULL;
-- What has not ended, by the order in which it came.
CREATE INDEX ticks_open ON ticks (schedule, key) WHERE state = 'queued' OR state = 'running' OR state = 'retrying';
CREATE INDEX ticks_due ON ticks (connection, due_at) WHERE due_at IS NOT NULL AND connection IS NOT NULL;
-- One poll at a time at a connection, whoever writes.
CREATE UNIQUE INDEX ticks_running ON ticks (connection) WHERE state = 'running';

-- Feeds of connections, and where the latest poll of each ended.
CREATE TABLE feeds (
    key        INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (key),
    name       TEXT    NOT NULL,
    cursor     TEXT,
    UNIQUE (connection, name)
) STRICT;

-- What feeds have found, each of which has started one run. The digest of feed and key stays for good; the run and the
-- texts need not.
CREATE TABLE items (
    key      INTEGER PRIMARY KEY,
    digest   BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    feed     INTEGER NOT NULL REFERENCES feeds (key),
    tick     INTEGER REFERENCES ticks (key),
    run      INTEGER REFERENCES runs (key),
    name     TEXT,
    "group"  TEXT,
    -- What the source was told last, or is about to be told.
    standing TEXT CHECK (standing = 'succeeded' OR standing = 'held' OR standing = 'failed'),
    message  TEXT
) STRICT;
CREATE UNIQUE INDEX items_by_run ON items (run) WHERE run IS NOT NULL;
CREATE INDEX items_by_tick ON items (tick) WHERE tick IS NOT NULL;
CREATE INDEX items_by_group ON items (feed, "group") WHERE "group" IS NOT NULL;

-- Deliveries that tell a source what became of a group of its items.
CREATE TABLE settles (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (key),
    feed     INTEGER NOT NULL REFERENCES feeds (key),
    "group"  TEXT    NOT NULL
) STRICT;
CREATE INDEX settles_by_group ON settles (feed, "group");

-- Numbers that were handed out, and the next one of each sequence.
CREATE TABLE sequences (
    key        INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (key),
    name       TEXT    NOT NULL,
    next       INTEGER NOT NULL,
    UNIQUE (connection, name)
) STRICT;

CREATE TABLE reservations (
    delivery INTEGER NOT NULL REFERENCES deliveries (key),
    sequence INTEGER NOT NULL REFERENCES sequences (key),
    purpose  TEXT    NOT NULL,
    count    INTEGER NOT NULL CHECK (count > 0),
    first    INTEGER NOT NULL,
    PRIMARY KEY (delivery, sequence, purpose, count)
) STRICT, WITHOUT ROWID;

-- Files that were published, or are about to be. They stay for good: whoever reads from a folder takes them away.
CREATE TABLE publications (
    connection INTEGER NOT NULL REFERENCES connections (key),
    folder     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- The attempt at it: what it leaves in the folder is called so.
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    -- The id of the delivery that it is on behalf of, as long as something may be left in the folder. Rows outlive it.
    delivery   BLOB CHECK (length(delivery) = 16),
    began_at   INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('staged', 'begun', 'in-doubt', 'published')),
    PRIMARY KEY (connection, folder, name),
    CHECK (delivery IS NOT NULL OR state = 'published')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX publications_by_id ON publications (id);
CREATE INDEX publications_to_tidy ON publications (id) WHERE delivery IS NOT NULL;
CREATE INDEX publications_in_doubt ON publications (delivery) WHERE state = 'in-doubt';

CREATE TABLE secrets (
    name       TEXT    PRIMARY KEY,
    version    INTEGER NOT NULL CHECK (version > 0),
    -- Absent once it is removed; the version stays.
    sealed     BLOB,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secret_origins (
    secret       TEXT    NOT NULL,
    origin       TEXT    NOT NULL,
    confirmed_at INTEGER NOT NULL,
    -- Present once that was taken back. The row stays, so that configuration alone never confirms it again.
    withdrawn_at INTEGER,
    PRIMARY KEY (secret, origin)
) STRICT, WITHOUT ROWID;

-- What failed when somebody signed in with a password. Account and password are digests under the master key.
CREATE TABLE sign_in_failures (
    account    BLOB    NOT NULL CHECK (length(account) = 32),
    password   BLOB    NOT NULL CHECK (length(password) = 32),
    at         INTEGER NOT NULL,
    -- Otherwise nobody said anything of it.
    is_refused INTEGER NOT NULL CHECK (is_refused IN (0, 1)),
    PRIMARY KEY (account, at, password)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    key        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    name       TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
