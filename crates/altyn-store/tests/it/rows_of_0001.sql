-- Rows as they were written under the first schema: a sale paid, returned in part and being returned
-- in part, one that waits for the payer, one that waits for the merchant, one declined whose money
-- came after all. Bytes are written as SQLite writes them. The secret was sealed by the tests' key.

INSERT INTO payments (project, id, reference, reference_key, generation, method, currency, amount_minor, captured_minor, refunded_minor, reserved_minor, state, version, event_seq, created_at, updated_at, details)
VALUES
    (42, 900000000000, 'Заказ-1', 'заказ-1', 1, 'alfa-click', 'RUB', 10000, 10000, 4000, 1000, 'partially_refunded', 10, 10, 1800000000000, 1800000001000, '{"customer":{"id":"клиент-1","ip_address":"2001:db8::1","account_id":"ivanov","phone":"79161234567","email":"иван@пример.рф","country":"RU","first_name":"Иван «🦊»","last_name":"O''Neil \\ \" % _ ;","language":"ru"},"description":"Заказ № 5, 🍕 ×2\nи доставка","return_urls":{"success":"https://shop.example/ok?q=1&r=%20","decline":"https://shop.example/no","back":"https://магазин.рф/"},"callback":{"url":"http://127.0.0.1:9/any","success_url":"http://127.0.0.1:9/ok","decline_url":"http://127.0.0.1:9/no","delay_ms":1500,"disabled":false}}'),
    (42, 900000000011, 'order-2', 'order-2', 1, 'alfa-click', 'RUB', 10000, 0, 0, 0, 'awaiting_redirect', 3, 3, 1800000000000, 1800000001000, '{"customer":{"id":"клиент-1","ip_address":"2001:db8::1","account_id":"ivanov","phone":"79161234567","email":"иван@пример.рф","country":"RU","first_name":"Иван «🦊»","last_name":"O''Neil \\ \" % _ ;","language":"ru"},"description":"Заказ № 5, 🍕 ×2\nи доставка","return_urls":{"success":"https://shop.example/ok?q=1&r=%20","decline":"https://shop.example/no","back":"https://магазин.рф/"},"callback":{"url":"http://127.0.0.1:9/any","success_url":"http://127.0.0.1:9/ok","decline_url":"http://127.0.0.1:9/no","delay_ms":1500,"disabled":false}}'),
    (42, 900000000015, 'order-3', 'order-3', 1, 'card-partner', 'KES', 5000, 0, 0, 0, 'awaiting_clarification', 1, 2, 1800000000000, 1800000000000, '{"customer":{},"description":"","return_urls":{},"callback":{"delay_ms":0,"disabled":false}}'),
    (42, 900000000018, 'order-4', 'order-4', 1, 'alfa-click', 'RUB', 10000, 0, 0, 0, 'declined', 4, 3, 1800000000000, 1800000001000, '{"customer":{"id":"клиент-1","ip_address":"2001:db8::1","account_id":"ivanov","phone":"79161234567","email":"иван@пример.рф","country":"RU","first_name":"Иван «🦊»","last_name":"O''Neil \\ \" % _ ;","language":"ru"},"description":"Заказ № 5, 🍕 ×2\nи доставка","return_urls":{"success":"https://shop.example/ok?q=1&r=%20","decline":"https://shop.example/no","back":"https://магазин.рф/"},"callback":{"url":"http://127.0.0.1:9/any","success_url":"http://127.0.0.1:9/ok","decline_url":"http://127.0.0.1:9/no","delay_ms":1500,"disabled":false}}');

INSERT INTO operations (project, id, payment, generation, kind, amount_minor, currency, state, reason, fee_bps, account, instruction, provider_payment_id, auth_code, provider_at, redirect, missing, merchant_refund_id, callback, late_money, attempts, created_at, updated_at, request)
VALUES
    (42, 900000000001, 900000000000, 1, 'sale', 10000, 'RUB', 'approved', NULL, 250, 'alfa', 0, 'прв-900000000002', '123456', 1800000012345, NULL, NULL, NULL, NULL, 0, 1, 1800000000000, 1800000001000, '[["general:payment_id","Заказ-1"],["payment:amount","10000"]]'),
    (42, 900000000004, 900000000000, 1, 'refund', 4000, 'RUB', 'approved', NULL, 0, 'alfa', 0, 'прв-900000000006', '123456', 1800000012345, NULL, NULL, 'R-1', '{"delay_ms":10,"disabled":false}', 0, 1, 1800000000000, 1800000001000, '[["payment:amount","4000"]]'),
    (42, 900000000008, 900000000000, 1, 'refund', 1000, 'RUB', 'pending', NULL, 0, 'alfa', 0, 'прв-900000000009', '123456', 1800000012345, NULL, NULL, 'R-2', '{"delay_ms":10,"disabled":false}', 0, 1, 1800000000000, 1800000001000, '[["payment:amount","1000"]]'),
    (42, 900000000012, 900000000011, 1, 'sale', 10000, 'RUB', 'redirected', NULL, 250, 'alfa', 0, 'прв-900000000013', '123456', 1800000012345, '{"method":"GET","url":"https://bank.example/pay","body":[["mdOrder","1"]]}', NULL, NULL, NULL, 0, 1, 1800000000000, 1800000001000, '[["general:payment_id","order-2"],["payment:amount","10000"]]'),
    (42, 900000000016, 900000000015, 1, 'sale', 5000, 'KES', 'clarifying', NULL, 390, 'partner', 0, NULL, NULL, NULL, NULL, '["phone","email"]', NULL, NULL, 0, 0, 1800000000000, 1800000000000, '[["general:payment_id","order-3"],["payment:amount","10000"]]'),
    (42, 900000000019, 900000000018, 1, 'sale', 10000, 'RUB', 'declined', 'suspected_fraud', 250, 'alfa', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, 1800000000000, 1800000001000, '[["general:payment_id","order-4"],["payment:amount","10000"]]');

INSERT INTO events (project, payment, seq, operation, event, state, at)
VALUES
    (42, 900000000000, 1, 900000000001, NULL, 'accepted', 1800000000000),
    (42, 900000000000, 2, 900000000001, 'send', 'sending', 1800000001000),
    (42, 900000000000, 3, 900000000001, 'approve', 'approved', 1800000001000),
    (42, 900000000000, 4, 900000000004, NULL, 'accepted', 1800000000000),
    (42, 900000000000, 5, 900000000004, 'send', 'sending', 1800000001000),
    (42, 900000000000, 6, 900000000004, 'pend', 'pending', 1800000001000),
    (42, 900000000000, 7, 900000000004, 'approve', 'approved', 1800000001000),
    (42, 900000000000, 8, 900000000008, NULL, 'accepted', 1800000000000),
    (42, 900000000000, 9, 900000000008, 'send', 'sending', 1800000001000),
    (42, 900000000000, 10, 900000000008, 'pend', 'pending', 1800000001000),
    (42, 900000000011, 1, 900000000012, NULL, 'accepted', 1800000000000),
    (42, 900000000011, 2, 900000000012, 'send', 'sending', 1800000001000),
    (42, 900000000011, 3, 900000000012, 'redirect', 'redirected', 1800000001000),
    (42, 900000000015, 1, 900000000016, NULL, 'accepted', 1800000000000),
    (42, 900000000015, 2, 900000000016, 'clarify', 'clarifying', 1800000000000),
    (42, 900000000018, 1, 900000000019, NULL, 'accepted', 1800000000000),
    (42, 900000000018, 2, 900000000019, 'send', 'sending', 1800000001000),
    (42, 900000000018, 3, 900000000019, 'decline', 'declined', 1800000001000);

INSERT INTO attempts (project, operation, number, payment, key, started_at, finished_at, outcome, detail)
VALUES
    (42, 900000000012, 1, 900000000011, 'cre66ia4', 1800000000000, NULL, NULL, NULL);

INSERT INTO entries (project, operation, posting, line, account, direction, currency, amount_minor, at)
VALUES
    (42, 900000000001, 'sale', 1, 'provider_receivable', 'debit', 'RUB', 10000, 1800000001000),
    (42, 900000000001, 'sale', 2, 'merchant_payable', 'credit', 'RUB', 9750, 1800000001000),
    (42, 900000000001, 'sale', 3, 'fee_income', 'credit', 'RUB', 250, 1800000001000),
    (42, 900000000004, 'refund', 1, 'merchant_payable', 'debit', 'RUB', 4000, 1800000001000),
    (42, 900000000004, 'refund', 2, 'provider_receivable', 'credit', 'RUB', 4000, 1800000001000),
    (42, 900000000019, 'late_money', 1, 'provider_receivable', 'debit', 'RUB', 10000, 1800000001000),
    (42, 900000000019, 'late_money', 2, 'suspense', 'credit', 'RUB', 10000, 1800000001000);

INSERT INTO balances (project, account, currency, debit_minor, credit_minor)
VALUES
    (42, 'fee_income', 'RUB', 0, 250),
    (42, 'merchant_payable', 'RUB', 4000, 9750),
    (42, 'provider_receivable', 'RUB', 20000, 4000),
    (42, 'suspense', 'RUB', 0, 10000);

INSERT INTO notifications (project, operation, digest, received_at, parameters)
VALUES
    (42, 900000000012, '024fcc9f70c3985098afe78679afbe2427b4b9c9349d99cfb34b20f94bd5108a', 1800000000000, '[["orderNumber","1"]]');

INSERT INTO callbacks (project, id, payment, operation, told, url, body, created_at, state, attempts, ended_at)
VALUES
    (42, 900000000003, 900000000000, 900000000001, 'approved', 'http://127.0.0.1:9/ok', X'7B22626F6479223A22FF00206E6F74206576656E2074657874227D', 1800000000000, 'owed', 0, NULL),
    (42, 900000000007, 900000000000, 900000000004, 'approved', 'http://127.0.0.1:9/ok', X'7B22626F6479223A22FF00206E6F74206576656E2074657874227D', 1800000000000, 'owed', 0, NULL),
    (42, 900000000014, 900000000011, 900000000012, 'redirected', 'http://127.0.0.1:9/any', X'7B22626F6479223A22FF00206E6F74206576656E2074657874227D', 1800000000000, 'owed', 1, NULL),
    (42, 900000000017, 900000000015, 900000000016, 'clarifying', 'http://127.0.0.1:9/callback', X'7B22626F6479223A22FF00206E6F74206576656E2074657874227D', 1800000000000, 'owed', 0, NULL),
    (42, 900000000021, 900000000018, 900000000019, 'declined', 'http://127.0.0.1:9/no', X'7B22626F6479223A22FF00206E6F74206576656E2074657874227D', 1800000000000, 'owed', 0, NULL);

INSERT INTO callback_attempts (callback, number, at, duration_ms, status, answer, error)
VALUES
    (900000000014, 1, 1800000000000, 7, 500, X'6E6F', NULL);

INSERT INTO jobs (kind, subject, project, payment, lane, due_at, owner, attempts, wakes, woken_for, last_error)
VALUES
    (1, 900000000001, 42, 900000000000, 77, 1800000000000, NULL, 0, 0, NULL, NULL),
    (1, 900000000004, 42, 900000000000, 77, 1800000000000, NULL, 0, 0, NULL, NULL),
    (1, 900000000008, 42, 900000000000, 77, 1800000000000, NULL, 0, 0, NULL, NULL),
    (1, 900000000012, 42, 900000000011, 77, 1800000000000, NULL, 0, 0, NULL, NULL),
    (1, 900000000019, 42, 900000000018, 77, 1800000000000, NULL, 0, 0, NULL, NULL),
    (2, 900000000004, 42, 900000000000, 77, 1800000120000, 'old-node', 0, 0, NULL, NULL),
    (2, 900000000008, 42, 900000000000, 77, 1800000005000, NULL, 0, 0, NULL, NULL),
    (2, 900000000012, 42, 900000000011, 77, 1800000005000, NULL, 0, 0, NULL, NULL),
    (3, 900000000003, 42, 900000000000, 8076608949328989543, 1800000000000, NULL, 0, 0, NULL, NULL),
    (3, 900000000007, 42, 900000000000, 8076608949328989543, 1800000000000, NULL, 0, 0, NULL, NULL),
    (3, 900000000014, 42, 900000000011, 8076608949328989543, 1800000000000, NULL, 0, 0, NULL, NULL),
    (3, 900000000017, 42, 900000000015, 8076608949328989543, 1800000000000, NULL, 0, 0, NULL, NULL),
    (3, 900000000021, 42, 900000000018, 8076608949328989543, 1800000000000, NULL, 0, 0, NULL, NULL),
    (4, 900000000016, 42, 900000000015, 77, 1800001800000, NULL, 0, 0, NULL, NULL);

INSERT INTO projects (id, name, settings, secret, version, updated_at)
VALUES
    (42, 'Магазин № 42 🛒', '{"test":true,"callback_url":"http://127.0.0.1:9/callback","return_urls":{"success":"https://shop.example/ok","decline":"https://shop.example/no","back":"https://shop.example/"},"methods":[{"method":"alfa-click","account":"alfa","scenario":"redirect","fee_bps":250},{"method":"card-partner","account":"partner","scenario":"redirect","fee_bps":390}],"clock_offset_ms":60000}', X'01B30B19A0F9EF21710A2A3FEE50584FB9A4175083D0F0815A45EE62A12151245A08B56DAE6D41A6889EEFBD0E8653E1146A81E69DB9952E36D3581544469DD84935', 1, 1795367788000);

INSERT INTO nodes (node, owner, lease_until, high_second)
VALUES
    (0, 'old-node', 1800000000001, 0);

INSERT INTO users (id, login, password_hash, role, disabled, created_at, must_change)
VALUES
    (1, 'operator', 'hash', 'operator', 0, 0, 0);
