-- What the store writes of one sale, each row by a statement of its own: seven round trips.
-- Ids go up, as the platform's do; references are random; the texts are as long as the real ones.
\set n :n + 1
\set id :n * 1000 + :client_id
BEGIN;
INSERT INTO payments (project, id, reference, reference_key, generation, method, currency,
    amount_minor, captured_minor, refunded_minor, reserved_minor, state, version, event_seq,
    created_at, updated_at, details, authorized_minor)
  VALUES (1, :id::bigint, 'order-' || substr(md5((:id::bigint)::text), 1, 16),
    'order-' || substr(md5((:id::bigint)::text), 1, 16), 1, 'alfa-click', 'RUB',
    150000, 0, 0, 0, 'processing', 1, 1,
    1795402320854, 1795402320854, repeat('details and', 40), 0)
  ON CONFLICT (project, reference_key) DO NOTHING RETURNING id;
INSERT INTO operations (project, id, payment, generation, kind, amount_minor, currency, state,
    fee_bps, account, instruction, late_money, attempts, created_at, updated_at, request, method)
  VALUES (1, :id::bigint, :id::bigint, 1, 'sale', 150000, 'RUB', 'accepted',
    0, 'bank', 0, 0, 0, 1795402320854, 1795402320854, repeat('echo lines', 64), 'alfa-click');
INSERT INTO events (project, payment, seq, operation, state, at)
  VALUES (1, :id::bigint, 1, :id::bigint, 'accepted', 1795402320854);
INSERT INTO changes (payments)
  VALUES (int8send(1) || int8send(:id::bigint));
INSERT INTO jobs (kind, subject, project, payment, lane, due_at, attempts, wakes)
  VALUES (1, :id::bigint, 1, :id::bigint, 5552216845450279515, 1795402320854, 0, 0);
COMMIT;
