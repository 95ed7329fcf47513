-- Cards, two stages and 3-D Secure, PostgreSQL. The same columns as in
-- migrations/sqlite/0002_cards_and_holds.sql.
--
-- What was taken before had been held by the same sale. Constraints are checked over all rows while
-- nobody else may use the table.

ALTER TABLE payments ADD COLUMN authorized_minor BIGINT NOT NULL DEFAULT 0;
UPDATE payments SET authorized_minor = captured_minor WHERE captured_minor > 0;
ALTER TABLE payments
    ALTER COLUMN authorized_minor DROP DEFAULT,
    ADD CONSTRAINT never_more_taken_than_held CHECK (captured_minor <= authorized_minor),
    DROP CONSTRAINT payments_state_check,
    ADD CONSTRAINT payments_state_check CHECK (state IN (
        'processing', 'awaiting_clarification', 'awaiting_redirect', 'awaiting_customer',
        'awaiting_authentication', 'authorized', 'voided', 'paid', 'partially_refunded',
        'refunded', 'declined', 'rejected'));

ALTER TABLE operations ADD COLUMN method TEXT;
UPDATE operations SET method = payments.method FROM payments
    WHERE payments.id = operations.payment;
ALTER TABLE operations
    ALTER COLUMN method SET NOT NULL,
    ADD COLUMN rrn TEXT,
    ADD COLUMN eci TEXT,
    ADD COLUMN card TEXT,
    ADD COLUMN authentication TEXT,
    ADD COLUMN capture_at BIGINT,
    DROP CONSTRAINT operations_kind_check,
    ADD CONSTRAINT operations_kind_check CHECK (kind IN (
        'sale', 'authorization', 'capture', 'void', 'refund')),
    DROP CONSTRAINT operations_state_check,
    ADD CONSTRAINT operations_state_check CHECK (state IN (
        'accepted', 'clarifying', 'sending', 'unknown', 'redirected', 'instructed',
        'authenticating', 'pending', 'approved', 'declined', 'rejected'));

ALTER TABLE entries
    DROP CONSTRAINT entries_posting_check,
    ADD CONSTRAINT entries_posting_check CHECK (posting IN (
        'sale', 'capture', 'refund', 'late_money'));
