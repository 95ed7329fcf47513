-- The first schema, PostgreSQL. The same columns as in migrations/sqlite/0001_first.sql.
--
-- Operations and callbacks are looked up by id alone (ids are unique over all projects), so that is
-- their key. Room is left in pages of rows that change, so that an update stays in its page.

CREATE TABLE payments (
    project        BIGINT NOT NULL,
    id             BIGINT NOT NULL,
    reference      TEXT NOT NULL,
    reference_key  TEXT NOT NULL,
    generation     BIGINT NOT NULL CHECK (generation >= 1),
    method         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    amount_minor   BIGINT NOT NULL CHECK (amount_minor > 0),
    captured_minor BIGINT NOT NULL CHECK (captured_minor >= 0),
    refunded_minor BIGINT NOT NULL CHECK (refunded_minor >= 0),
    reserved_minor BIGINT NOT NULL CHECK (reserved_minor >= 0),
    state          TEXT NOT NULL CHECK (state IN (
        'processing', 'awaiting_clarification', 'awaiting_redirect', 'awaiting_customer',
        'paid', 'partially_refunded', 'refunded', 'declined', 'rejected')),
    version        BIGINT NOT NULL,
    event_seq      BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    details        TEXT NOT NULL,
    CONSTRAINT never_more_returned_than_taken
        CHECK (refunded_minor + reserved_minor <= captured_minor),
    PRIMARY KEY (project, id)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX payments_reference ON payments (project, reference_key);

CREATE TABLE operations (
    project             BIGINT NOT NULL,
    id                  BIGINT PRIMARY KEY,
    payment             BIGINT NOT NULL,
    generation          BIGINT NOT NULL CHECK (generation >= 1),
    kind                TEXT NOT NULL CHECK (kind IN ('sale', 'refund')),
    amount_minor        BIGINT NOT NULL CHECK (amount_minor > 0),
    currency            TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN (
        'accepted', 'clarifying', 'sending', 'unknown', 'redirected', 'instructed', 'pending',
        'approved', 'declined', 'rejected')),
    reason              TEXT,
    fee_bps             BIGINT NOT NULL CHECK (fee_bps BETWEEN 0 AND 10000),
    account             TEXT NOT NULL,
    instruction         BIGINT NOT NULL CHECK (instruction IN (0, 1)),
    provider_payment_id TEXT,
    auth_code           TEXT,
    provider_at         BIGINT,
    redirect            TEXT,
    missing             TEXT,
    merchant_refund_id  TEXT,
    callback            TEXT,
    late_money          BIGINT NOT NULL CHECK (late_money IN (0, 1)),
    attempts            BIGINT NOT NULL CHECK (attempts >= 0),
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    request             TEXT NOT NULL,
    CONSTRAINT a_reason_for_each_end_without_money
        CHECK ((reason IS NOT NULL) = (state IN ('declined', 'rejected')))
) WITH (fillfactor = 80);

CREATE INDEX operations_payment ON operations (project, payment);
CREATE UNIQUE INDEX operations_merchant_refund
    ON operations (project, merchant_refund_id) WHERE merchant_refund_id IS NOT NULL;
-- Tiny: only refunds that are under way at their provider. Provider ids of sales are not indexed,
-- which would cost every payment.
CREATE INDEX operations_open_refund ON operations (account, provider_payment_id)
    WHERE kind = 'refund' AND state IN ('sending', 'unknown', 'pending');

CREATE TABLE events (
    project   BIGINT NOT NULL,
    payment   BIGINT NOT NULL,
    seq       BIGINT NOT NULL CHECK (seq >= 1),
    operation BIGINT NOT NULL,
    event     TEXT,
    state     TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (project, payment, seq)
);

CREATE TABLE attempts (
    project     BIGINT NOT NULL,
    operation   BIGINT NOT NULL,
    number      BIGINT NOT NULL CHECK (number >= 1),
    payment     BIGINT NOT NULL,
    key         TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT,
    outcome     TEXT,
    detail      TEXT,
    PRIMARY KEY (project, operation, number)
);

CREATE TABLE entries (
    project      BIGINT NOT NULL,
    operation    BIGINT NOT NULL,
    posting      TEXT NOT NULL CHECK (posting IN ('sale', 'refund', 'late_money')),
    line         BIGINT NOT NULL CHECK (line >= 1),
    account      TEXT NOT NULL CHECK (account IN (
        'provider_receivable', 'merchant_payable', 'fee_income', 'suspense')),
    direction    TEXT NOT NULL CHECK (direction IN ('debit', 'credit')),
    currency     TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    at           BIGINT NOT NULL,
    PRIMARY KEY (project, operation, posting, line)
);

CREATE TABLE balances (
    project      BIGINT NOT NULL,
    account      TEXT NOT NULL,
    currency     TEXT NOT NULL,
    debit_minor  BIGINT NOT NULL CHECK (debit_minor >= 0),
    credit_minor BIGINT NOT NULL CHECK (credit_minor >= 0),
    PRIMARY KEY (project, account, currency)
);

CREATE TABLE notifications (
    project     BIGINT NOT NULL,
    operation   BIGINT NOT NULL,
    digest      TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    parameters  TEXT NOT NULL,
    PRIMARY KEY (project, operation, digest)
);

CREATE TABLE callbacks (
    project    BIGINT NOT NULL,
    id         BIGINT PRIMARY KEY,
    payment    BIGINT NOT NULL,
    operation  BIGINT NOT NULL,
    told       TEXT NOT NULL,
    url        TEXT NOT NULL,
    body       BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('owed', 'delivered', 'given_up')),
    attempts   BIGINT NOT NULL CHECK (attempts >= 0),
    ended_at   BIGINT
);

-- These give pages by id without sorting.
CREATE INDEX callbacks_project ON callbacks (project, id);
CREATE INDEX callbacks_payment ON callbacks (project, payment, id);
CREATE INDEX callbacks_not_delivered ON callbacks (state, id) WHERE state <> 'delivered';

CREATE TABLE callback_attempts (
    callback    BIGINT NOT NULL,
    number      BIGINT NOT NULL CHECK (number >= 1),
    at          BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status      BIGINT,
    answer      BYTEA NOT NULL,
    error       TEXT,
    PRIMARY KEY (callback, number)
);

CREATE TABLE jobs (
    kind       BIGINT NOT NULL,
    subject    BIGINT NOT NULL,
    project    BIGINT NOT NULL,
    payment    BIGINT NOT NULL,
    lane       BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    owner      TEXT,
    attempts   BIGINT NOT NULL,
    wakes      BIGINT NOT NULL,
    woken_for  BIGINT,
    last_error TEXT,
    PRIMARY KEY (kind, subject)
) WITH (fillfactor = 70);

-- With the lane, so that jobs of a busy lane are passed over without touching their rows.
CREATE INDEX jobs_due ON jobs (kind, due_at, lane);

CREATE TABLE projects (
    id         BIGINT PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295),
    name       TEXT NOT NULL,
    settings   TEXT NOT NULL,
    secret     BYTEA NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO meta (key, value) VALUES ('projects_version', 0);

CREATE TABLE nodes (
    node        BIGINT PRIMARY KEY CHECK (node BETWEEN 0 AND 31),
    owner       TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    high_second BIGINT NOT NULL
);

CREATE TABLE users (
    id            BIGINT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    disabled      BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    created_at    BIGINT NOT NULL,
    must_change   BIGINT NOT NULL CHECK (must_change IN (0, 1))
);
