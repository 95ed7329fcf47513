-- The cabinet, SQLite. The same columns as in migrations/postgres/0003_cabinet.sql, but for the
-- list of payments, which is in a file of its own here (migrations/listing/).

-- What commits changed, for the list of payments: one row for each batch of commits, with its
-- payments, sixteen bytes each: project and number, big-endian. The newest row stays, so that
-- numbers never come back.
CREATE TABLE changes (
    id       INTEGER PRIMARY KEY,
    payments BLOB NOT NULL
) STRICT;

-- Which database a list was built from.
INSERT INTO meta (key, value) VALUES ('identity', random());

CREATE TABLE memberships (
    user_id INTEGER NOT NULL,
    -- 0: every project.
    project INTEGER NOT NULL CHECK (project >= 0),
    role    TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'finance', 'support')),
    PRIMARY KEY (user_id, project)
) STRICT, WITHOUT ROWID;

INSERT INTO memberships (user_id, project, role) SELECT id, 0, role FROM users;

ALTER TABLE users DROP COLUMN role;
-- The shared secret of the codes by time, sealed.
ALTER TABLE users ADD COLUMN second_factor BLOB;
ALTER TABLE users ADD COLUMN last_step INTEGER NOT NULL DEFAULT 0;
-- Counts changes of the user, so that nobody writes over what he did not read.
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    PRIMARY KEY (user_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    digest     TEXT NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    stage      TEXT NOT NULL CHECK (stage IN ('second_factor', 'new_password', 'open')),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_failures_last ON sign_in_failures (last_at);

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    user_id   INTEGER,
    login     TEXT NOT NULL,
    address   TEXT NOT NULL,
    project   INTEGER,
    payment   INTEGER,
    operation INTEGER,
    action    TEXT NOT NULL,
    result    TEXT NOT NULL CHECK (result IN ('done', 'refused')),
    detail    TEXT NOT NULL,
    position  INTEGER,
    hash      TEXT,
    CONSTRAINT sealed_whole CHECK ((position IS NULL) = (hash IS NULL))
) STRICT;

CREATE UNIQUE INDEX audit_position ON audit (position) WHERE position IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (id) WHERE position IS NULL;
CREATE INDEX audit_payment ON audit (payment) WHERE payment IS NOT NULL;
CREATE INDEX audit_project ON audit (project) WHERE project IS NOT NULL;
CREATE INDEX audit_user ON audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_action ON audit (action);

CREATE TABLE exports (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    filter      TEXT NOT NULL,
    format      TEXT NOT NULL,
    language    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
    error       TEXT,
    rows        INTEGER NOT NULL,
    expected    INTEGER,
    bytes       INTEGER NOT NULL,
    sums        TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    expires_at  INTEGER NOT NULL,
    owner       TEXT,
    lease_until INTEGER NOT NULL
) STRICT;

CREATE INDEX exports_user ON exports (user_id);
CREATE INDEX exports_making ON exports (id) WHERE state = 'making';

-- A secret that was replaced is taken for a while longer.
ALTER TABLE projects ADD COLUMN previous_secret BLOB;
ALTER TABLE projects ADD COLUMN previous_until INTEGER
    CONSTRAINT previous_whole CHECK ((previous_secret IS NULL) = (previous_until IS NULL));

-- Deliveries that were given up, and how addresses do, are looked for by project.
CREATE INDEX callbacks_project_state ON callbacks (project, state) WHERE state <> 'delivered';

-- A refund that the bank declined may wait for an operator to close it.
ALTER TABLE operations ADD COLUMN closed_by_hand INTEGER NOT NULL DEFAULT 0
    CHECK (closed_by_hand IN (0, 1));
