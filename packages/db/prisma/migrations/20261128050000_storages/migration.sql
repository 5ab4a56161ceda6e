-- Data beside containers, which an admin offers and users have mounted.

CREATE TABLE storages (
  storage_id serial PRIMARY KEY,
  -- Once a machine, or once for all of them.
  name text NOT NULL,
  display_name text,
  description text,
  kind text NOT NULL,
  -- A directory a user.
  per_user boolean NOT NULL,
  -- Null is every machine.
  machine_id text REFERENCES machines ON DELETE CASCADE ON UPDATE CASCADE,
  -- On the machine; null is a volume of its Docker.
  path text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT storages_name_check CHECK (name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 32),
  CONSTRAINT storages_kind_check CHECK (kind IN ('home', 'dataset', 'scratch')),
  CONSTRAINT storages_per_user_check CHECK (CASE kind WHEN 'home' THEN per_user WHEN 'dataset' THEN NOT per_user ELSE true END),
  CONSTRAINT storages_path_check CHECK (path ~ '^/.')
);
CREATE UNIQUE INDEX storages_name_machine_id_key ON storages (name, machine_id);
-- Nulls differ from each other in that one.
CREATE UNIQUE INDEX storages_every_machine_key ON storages (name) WHERE machine_id IS NULL;
CREATE INDEX storages_machine_id_idx ON storages (machine_id);
