-- Made when the rows are there: faster so. New users are numbered behind those that there are.

CREATE INDEX items_by_category ON items (category, price_cents, id);
CREATE INDEX items_by_price ON items (price_cents, id);
SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM users), false);
