-- The list of payments beside an SQLite database, in a file of its own, so that feeding it takes
-- no lock of the payments' writer. It can be thrown away: it is built anew from the payments. The
-- tables are those of migrations/postgres/, but for the texts.

CREATE TABLE listing_state (
    key   TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE listing (
    project         INTEGER NOT NULL,
    id              INTEGER PRIMARY KEY,
    reference       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    status          TEXT NOT NULL,
    state           TEXT NOT NULL,
    method          TEXT NOT NULL,
    account         TEXT NOT NULL,
    currency        TEXT NOT NULL,
    amount_minor    INTEGER NOT NULL,
    captured_minor  INTEGER NOT NULL,
    refunded_minor  INTEGER NOT NULL,
    client          TEXT,
    email           TEXT,
    phone           TEXT,
    card            TEXT,
    rrn             TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    refunding_since INTEGER
) STRICT;

-- An index of a rowid table ends in the id, so each gives the list's order.
CREATE INDEX listing_created ON listing (project, created_at);
CREATE INDEX listing_status ON listing (project, status, created_at);
CREATE INDEX listing_method ON listing (project, method, created_at);
CREATE INDEX listing_account ON listing (project, account, created_at);
CREATE INDEX listing_currency ON listing (project, currency, created_at);
CREATE INDEX listing_amount ON listing (project, amount_minor);

-- Everything known about a payment, folded, between line breaks. The index of the texts knows them
-- by numbers of its own, 1, 2, 3…: payments' numbers lie far apart, and would make it twice as long.
CREATE TABLE listing_texts (
    id     INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    text   TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE listing_trigrams USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
