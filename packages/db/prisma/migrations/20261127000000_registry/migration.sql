-- What is on the registry: how it comes there, how far that is, and on which machines it is.

ALTER TABLE images
  -- Null: on Berth's own registry, under its own name.
  ALTER COLUMN reference DROP NOT NULL,
  ADD COLUMN recipe jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN machine_id text,
  ADD COLUMN origin_engine_id text,
  ADD COLUMN not_saved text[] NOT NULL DEFAULT '{}',
  ADD COLUMN baked_env text[] NOT NULL DEFAULT '{}',
  ADD COLUMN cancelled boolean NOT NULL DEFAULT false,
  ADD COLUMN run integer NOT NULL DEFAULT 1,
  ADD CONSTRAINT images_recipe_check CHECK (jsonb_typeof(recipe) = 'object'),
  ADD CONSTRAINT images_run_check CHECK (run >= 1);
CREATE INDEX images_machine_id_idx ON images (machine_id);

ALTER TABLE image_status
  ADD COLUMN total bigint,
  ADD COLUMN layers jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN attempt integer NOT NULL DEFAULT 0,
  ADD COLUMN attempt_at timestamptz(3),
  ADD COLUMN observed_run integer NOT NULL DEFAULT 0,
  ADD COLUMN next_retry_at timestamptz(3),
  DROP CONSTRAINT image_status_phase_check,
  ADD CONSTRAINT image_status_phase_check CHECK (phase IN (
    'Waiting', 'Building', 'Committing', 'Mirroring', 'Pushing', 'Verifying', 'Ready', 'Failed', 'Blocked', 'Deleting', 'Deleted')),
  ADD CONSTRAINT image_status_layers_check CHECK (jsonb_typeof(layers) = 'array' AND total >= 0);
CREATE INDEX image_status_digest_idx ON image_status (digest);

-- What Berth has put on a machine, or is pulling there. Its image may be gone: then it is only to be cleared away.
CREATE TABLE machine_images (
  machine_id text NOT NULL REFERENCES machines ON DELETE CASCADE ON UPDATE CASCADE,
  reference text NOT NULL,
  image_id integer REFERENCES images ON DELETE SET NULL ON UPDATE CASCADE,
  state text NOT NULL DEFAULT 'waiting',
  progress bigint,
  total bigint,
  message text NOT NULL DEFAULT '',
  -- An admin wants it there, whether or not a container does.
  wanted boolean NOT NULL DEFAULT false,
  pulled_at timestamptz(3),
  last_used_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (machine_id, reference),
  CONSTRAINT machine_images_state_check CHECK (state IN ('waiting', 'pulling', 'present', 'failed'))
);
CREATE INDEX machine_images_image_id_idx ON machine_images (image_id);

-- Files that a build needs, whichever process received them.
CREATE TABLE blobs (
  blob_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id integer NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  size bigint,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE blob_chunks (
  blob_id uuid NOT NULL REFERENCES blobs ON DELETE CASCADE ON UPDATE CASCADE,
  seq integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (blob_id, seq)
);
-- It is compressed already, or never will be.
ALTER TABLE blob_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

-- What a build or a mirror printed, in pieces of at most 64 KiB.
CREATE TABLE image_logs (
  image_id integer NOT NULL REFERENCES images ON DELETE CASCADE ON UPDATE CASCADE,
  seq integer NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (image_id, seq)
);

CREATE OR REPLACE FUNCTION bump_image_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.name, NEW.reference, NEW.desired, NEW.recipe, NEW.machine_id, NEW.cancelled, NEW.run)
     IS DISTINCT FROM (OLD.name, OLD.reference, OLD.desired, OLD.recipe, OLD.machine_id, OLD.cancelled, OLD.run) THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;

-- Machines that hold a deleted image clear it away.
CREATE OR REPLACE FUNCTION notice_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM dirty WHERE noun = 'image' AND id = OLD.image_id::text;
    PERFORM pg_notify('berth_image', OLD.image_id::text);
  ELSIF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation THEN
    PERFORM mark_dirty('image', NEW.image_id::text, NEW.generation);
  END IF;
  RETURN NULL;
END $$;

-- The start of the full name of everything on Berth's registry; nothing answers under `.invalid` while there is none.
CREATE FUNCTION registry_address() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT COALESCE((SELECT value ->> 'address' FROM settings WHERE key = 'registry'), 'registry.invalid')
$$;
