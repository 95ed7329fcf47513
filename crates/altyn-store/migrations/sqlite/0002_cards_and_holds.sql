-- Cards, two stages and 3-D Secure, SQLite. The same columns as in
-- migrations/postgres/0002_cards_and_holds.sql.
--
-- SQLite cannot change a CHECK in place, so the tables that have one to change are made anew, their
-- rows copied and their indexes built again. What was taken before had been held by the same sale.

CREATE TABLE payments_new (
    project          INTEGER NOT NULL,
    id               INTEGER PRIMARY KEY,
    reference        TEXT NOT NULL,
    reference_key    TEXT NOT NULL,
    generation       INTEGER NOT NULL CHECK (generation >= 1),
    method           TEXT NOT NULL,
    currency         TEXT NOT NULL,
    amount_minor     INTEGER NOT NULL CHECK (amount_minor > 0),
    authorized_minor INTEGER NOT NULL,
    captured_minor   INTEGER NOT NULL CHECK (captured_minor >= 0),
    refunded_minor   INTEGER NOT NULL CHECK (refunded_minor >= 0),
    reserved_minor   INTEGER NOT NULL CHECK (reserved_minor >= 0),
    state            TEXT NOT NULL CHECK (state IN (
        'processing', 'awaiting_clarification', 'awaiting_redirect', 'awaiting_customer',
        'awaiting_authentication', 'authorized', 'voided', 'paid', 'partially_refunded',
        'refunded', 'declined', 'rejected')),
    version          INTEGER NOT NULL,
    event_seq        INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    details          TEXT NOT NULL,
    CONSTRAINT never_more_taken_than_held CHECK (captured_minor <= authorized_minor),
    CONSTRAINT never_more_returned_than_taken
        CHECK (refunded_minor + reserved_minor <= captured_minor)
) STRICT;

INSERT INTO payments_new (
    project, id, reference, reference_key, generation, method, currency, amount_minor,
    authorized_minor, captured_minor, refunded_minor, reserved_minor, state, version, event_seq,
    created_at, updated_at, details)
SELECT
    project, id, reference, reference_key, generation, method, currency, amount_minor,
    captured_minor, captured_minor, refunded_minor, reserved_minor, state, version, event_seq,
    created_at, updated_at, details
FROM payments;

DROP TABLE payments;
ALTER TABLE payments_new RENAME TO payments;

CREATE UNIQUE INDEX payments_reference ON payments (project, reference_key);

CREATE TABLE operations_new (
    project             INTEGER NOT NULL,
    id                  INTEGER PRIMARY KEY,
    payment             INTEGER NOT NULL,
    generation          INTEGER NOT NULL CHECK (generation >= 1),
    kind                TEXT NOT NULL CHECK (kind IN (
        'sale', 'authorization', 'capture', 'void', 'refund')),
    method              TEXT NOT NULL,
    amount_minor        INTEGER NOT NULL CHECK (amount_minor > 0),
    currency            TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN (
        'accepted', 'clarifying', 'sending', 'unknown', 'redirected', 'instructed',
        'authenticating', 'pending', 'approved', 'declined', 'rejected')),
    reason              TEXT,
    fee_bps             INTEGER NOT NULL CHECK (fee_bps BETWEEN 0 AND 10000),
    account             TEXT NOT NULL,
    instruction         INTEGER NOT NULL CHECK (instruction IN (0, 1)),
    provider_payment_id TEXT,
    auth_code           TEXT,
    rrn                 TEXT,
    eci                 TEXT,
    provider_at         INTEGER,
    redirect            TEXT,
    card                TEXT,
    authentication      TEXT,
    capture_at          INTEGER,
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

INSERT INTO operations_new (
    project, id, payment, generation, kind, method, amount_minor, currency, state, reason,
    fee_bps, account, instruction, provider_payment_id, auth_code, provider_at, redirect, missing,
    merchant_refund_id, callback, late_money, attempts, created_at, updated_at, request)
SELECT
    project, id, payment, generation, kind,
    (SELECT method FROM payments WHERE payments.id = operations.payment), amount_minor, currency,
    state, reason, fee_bps, account, instruction, provider_payment_id, auth_code, provider_at,
    redirect, missing, merchant_refund_id, callback, late_money, attempts, created_at, updated_at,
    request
FROM operations;

DROP TABLE operations;
ALTER TABLE operations_new RENAME TO operations;

CREATE INDEX operations_payment ON operations (payment);
CREATE UNIQUE INDEX operations_merchant_refund
    ON operations (project, merchant_refund_id) WHERE merchant_refund_id IS NOT NULL;
-- Tiny: only refunds that are under way at their provider. Provider ids of sales are not indexed,
-- which would cost every payment.
CREATE INDEX operations_open_refund ON operations (account, provider_payment_id)
    WHERE kind = 'refund' AND state IN ('sending', 'unknown', 'pending');

CREATE TABLE entries_new (
    project      INTEGER NOT NULL,
    operation    INTEGER NOT NULL,
    posting      TEXT NOT NULL CHECK (posting IN (
        'sale', 'capture', 'refund', 'late_money')),
    line         INTEGER NOT NULL CHECK (line >= 1),
    account      TEXT NOT NULL CHECK (account IN (
        'provider_receivable', 'merchant_payable', 'fee_income', 'suspense')),
    direction    TEXT NOT NULL CHECK (direction IN ('debit', 'credit')),
    currency     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    at           INTEGER NOT NULL,
    PRIMARY KEY (project, operation, posting, line)
) STRICT, WITHOUT ROWID;

INSERT INTO entries_new (
    project, operation, posting, line, account, direction, currency, amount_minor, at)
SELECT
    project, operation, posting, line, account, direction, currency, amount_minor, at
FROM entries;

DROP TABLE entries;
ALTER TABLE entries_new RENAME TO entries;
