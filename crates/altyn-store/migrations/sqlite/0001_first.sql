-- The first schema, SQLite. The same columns as in migrations/postgres/0001_first.sql.
--
-- Ids are time-ordered and unique over all projects, so payments, operations and callbacks live in
-- the order of their ids and a lookup needs no project; the queries name it all the same.

CREATE TABLE payments (
    project        INTEGER NOT NULL,
    id             INTEGER PRIMARY KEY,
    reference      TEXT NOT NULL,
    reference_key  TEXT NOT NULL,
    generation     INTEGER NOT NULL CHECK (generation >= 1),
    method         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
    captured_minor INTEGER NOT NULL CHECK (captured_minor >= 0),
    refunded_minor INTEGER NOT NULL CHECK (refunded_minor >= 0),
    reserved_minor INTEGER NOT NULL CHECK (reserved_minor >= 0),
    state          TEXT NOT NULL CHECK (state IN (
        'processing', 'awaiting_clarification', 'awaiting_redirect', 'awaiting_customer',
        'paid', 'partially_refunded', 'refunded', 'declined', 'rejected')),
    version        INTEGER NOT NULL,
    event_seq      INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    details        TEXT NOT NULL,
    CONSTRAINT never_more_returned_than_taken
        CHECK (refunded_minor + reserved_minor <= captured_minor)
) STRICT;

CREATE UNIQUE INDEX payments_reference ON payments (project, reference_key);

CREATE TABLE operations (
    project             INTEGER NOT NULL,
    id                  INTEGER PRIMARY KEY,
    payment             INTEGER NOT NULL,
    generation          INTEGER NOT NULL CHECK (generation >= 1),
    kind                TEXT NOT NULL CHECK (kind IN ('sale', 'refund')),
    amount_minor        INTEGER NOT NULL CHECK (amount_minor > 0),
    currency            TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN (
        'accepted', 'clarifying', 'sending', 'unknown', 'redirected', 'instructed', 'pending',
        'approved', 'declined', 'rejected')),
    reason              TEXT,
    fee_bps             INTEGER NOT NULL CHECK (fee_bps BETWEEN 0 AND 10000),
    account             TEXT NOT NULL,
    instruction         INTEGER NOT NULL CHECK (instruction IN (0, 1)),
    provider_payment_id TEXT,
    auth_code           TEXT,
    provider_at         INTEGER,
    redirect            TEXT,
    missing             TEXT,
    merchant_refund_id  TEXT,
    callback            TEXT,
    late_money          INTEGER NOT NULL CHECK (late_money IN (0, 1)),
    attempts            INTEGER NOT NULL CHECK (attempts >= 0),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    request             TEXT NOT NULL,
    CONSTRAINT a_reason_for_each_end_without_money
        CHECK ((reason IS NOT NULL) = (state IN ('declined', 'rejected')))
) STRICT;

CREATE INDEX operations_payment ON operations (payment);
CREATE UNIQUE INDEX operations_merchant_refund
    ON operations (project, merchant_refund_id) WHERE merchant_refund_id IS NOT NULL;
-- Tiny: only refunds that are under way at their provider. Provider ids of sales are not indexed,
-- which would cost every payment.
CREATE INDEX operations_open_refund ON operations (account, provider_payment_id)
    WHERE kind = 'refund' AND state IN ('sending', 'unknown', 'pending');

CREATE TABLE events (
    project   INTEGER NOT NULL,
    payment   INTEGER NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq >= 1),
    operation INTEGER NOT NULL,
    event     TEXT,
    state     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (project, payment, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    project     INTEGER NOT NULL,
    operation   INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    payment     INTEGER NOT NULL,
    key         TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT,
    detail      TEXT,
    PRIMARY KEY (project, operation, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    project      INTEGER NOT NULL,
    operation    INTEGER NOT NULL,
    posting      TEXT NOT NULL CHECK (posting IN ('sale', 'refund', 'late_money')),
    line         INTEGER NOT NULL CHECK (line >= 1),
    account      TEXT NOT NULL CHECK (account IN (
        'provider_receivable', 'merchant_payable', 'fee_income', 'suspense')),
    direction    TEXT NOT NULL CHECK (direction IN ('debit', 'credit')),
    currency     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    at           INTEGER NOT NULL,
    PRIMARY KEY (project, operation, posting, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE balances (
    project      INTEGER NOT NULL,
    account      TEXT NOT NULL,
    currency     TEXT NOT NULL,
    debit_minor  INTEGER NOT NULL CHECK (debit_minor >= 0),
    credit_minor INTEGER NOT NULL CHECK (credit_minor >= 0),
    PRIMARY KEY (project, account, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
    project     INTEGER NOT NULL,
    operation   INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    parameters  TEXT NOT NULL,
    PRIMARY KEY (project, operation, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE callbacks (
    project    INTEGER NOT NULL,
    id         INTEGER PRIMARY KEY,
    payment    INTEGER NOT NULL,
    operation  INTEGER NOT NULL,
    told       TEXT NOT NULL,
    url        TEXT NOT NULL,
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('owed', 'delivered', 'given_up')),
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    ended_at   INTEGER
) STRICT;

-- An index of a rowid table ends in the id: these give pages by id without sorting.
CREATE INDEX callbacks_project ON callbacks (project);
CREATE INDEX callbacks_payment ON callbacks (payment);
CREATE INDEX callbacks_not_delivered ON callbacks (state) WHERE state <> 'delivered';

CREATE TABLE callback_attempts (
    callback    INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status      INTEGER,
    answer      BLOB NOT NULL,
    error       TEXT,
    PRIMARY KEY (callback, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    kind       INTEGER NOT NULL,
    subject    INTEGER NOT NULL,
    project    INTEGER NOT NULL,
    payment    INTEGER NOT NULL,
    lane       INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    owner      TEXT,
    attempts   INTEGER NOT NULL,
    wakes      INTEGER NOT NULL,
    woken_for  INTEGER,
    last_error TEXT,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- With the lane, so that jobs of a busy lane are passed over without touching their rows.
CREATE INDEX jobs_due ON jobs (kind, due_at, lane);

CREATE TABLE projects (
    id         INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    name       TEXT NOT NULL,
    settings   TEXT NOT NULL,
    secret     BLOB NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('projects_version', 0);

CREATE TABLE nodes (
    node        INTEGER PRIMARY KEY CHECK (node BETWEEN 0 AND 31),
    owner       TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    high_second INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL,
    must_change   INTEGER NOT NULL CHECK (must_change IN (0, 1))
) STRICT;
