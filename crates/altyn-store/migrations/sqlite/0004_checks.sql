-- Closed lists as comparisons, SQLite.
--
-- SQLite checks `x IN (…)` of more than two words by filling a table of its own with all of them,
-- for each row that is written: a fifth of what the writer did for a sale. The same said by
-- comparisons costs a few instructions, the commonest word first. No row changes and none is looked
-- at, so the statements of the tables are written anew where they are kept: the way SQLite
-- documents for checks (lang_altertable.html, section 7). The index at the end, which is made
-- again, has every connection read them anew.

PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (
        ''processing'', ''awaiting_clarification'', ''awaiting_redirect'', ''awaiting_customer'',
        ''awaiting_authentication'', ''authorized'', ''voided'', ''paid'', ''partially_refunded'',
        ''refunded'', ''declined'', ''rejected'')',
    'state = ''processing'' OR state = ''paid'' OR state = ''awaiting_redirect'' OR
        state = ''awaiting_clarification'' OR state = ''awaiting_customer'' OR
        state = ''awaiting_authentication'' OR state = ''authorized'' OR state = ''voided'' OR
        state = ''partially_refunded'' OR state = ''refunded'' OR state = ''declined'' OR
        state = ''rejected''')
WHERE type = 'table' AND name = 'payments';

UPDATE sqlite_schema SET sql = replace(sql,
    'kind IN (
        ''sale'', ''authorization'', ''capture'', ''void'', ''refund'')',
    'kind = ''sale'' OR kind = ''authorization'' OR kind = ''capture'' OR
        kind = ''void'' OR kind = ''refund''')
WHERE type = 'table' AND name = 'operations';

UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (
        ''accepted'', ''clarifying'', ''sending'', ''unknown'', ''redirected'', ''instructed'',
        ''authenticating'', ''pending'', ''approved'', ''declined'', ''rejected'')',
    'state = ''accepted'' OR state = ''sending'' OR state = ''approved'' OR
        state = ''redirected'' OR state = ''clarifying'' OR state = ''unknown'' OR
        state = ''instructed'' OR state = ''authenticating'' OR state = ''pending'' OR
        state = ''declined'' OR state = ''rejected''')
WHERE type = 'table' AND name = 'operations';

UPDATE sqlite_schema SET sql = replace(sql,
    'posting IN (
        ''sale'', ''capture'', ''refund'', ''late_money'')',
    'posting = ''sale'' OR posting = ''capture'' OR posting = ''refund'' OR
        posting = ''late_money''')
WHERE type = 'table' AND name = 'entries';

UPDATE sqlite_schema SET sql = replace(sql,
    'account IN (
        ''provider_receivable'', ''merchant_payable'', ''fee_income'', ''suspense'')',
    'account = ''provider_receivable'' OR account = ''merchant_payable'' OR
        account = ''fee_income'' OR account = ''suspense''')
WHERE type = 'table' AND name = 'entries';

UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''owed'', ''delivered'', ''given_up'')',
    'state = ''owed'' OR state = ''delivered'' OR state = ''given_up''')
WHERE type = 'table' AND name = 'callbacks';

PRAGMA writable_schema = RESET;

DROP INDEX operations_open_refund;
CREATE INDEX operations_open_refund ON operations (account, provider_payment_id)
    WHERE kind = 'refund' AND state IN ('sending', 'unknown', 'pending');
