-- Containers on their way to another machine, and what becomes of those on a machine that is drained.

CREATE TABLE moves (
  container_id integer PRIMARY KEY REFERENCES containers ON DELETE CASCADE ON UPDATE CASCADE,
  -- What it takes along: it is made of this image there. Its own where its content stays behind.
  image_id integer NOT NULL REFERENCES images ON DELETE RESTRICT ON UPDATE CASCADE,
  to_machine_id text NOT NULL REFERENCES machines ON DELETE RESTRICT ON UPDATE CASCADE,
  gpu_uuids text[] NOT NULL DEFAULT '{}',
  ports jsonb NOT NULL DEFAULT '[]',
  -- As it is to be there: the GPUs that it named are on the machine that it leaves.
  spec jsonb NOT NULL,
  asked_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT moves_json_check CHECK (jsonb_typeof(ports) = 'array' AND jsonb_typeof(spec) = 'object')
);
CREATE INDEX moves_image_id_idx ON moves (image_id);
CREATE INDEX moves_to_machine_id_idx ON moves (to_machine_id);

ALTER TABLE containers
  -- Counts the moves that were begun and given up.
  ADD COLUMN move_number integer NOT NULL DEFAULT 0,
  ADD COLUMN on_drain text NOT NULL DEFAULT 'stop',
  ADD CONSTRAINT containers_on_drain_check CHECK (on_drain IN ('stop', 'move'));

-- To begin a move, and to give it up, is a change of what is wanted.
CREATE OR REPLACE FUNCTION bump_container_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.name, NEW.image_id, NEW.machine_id, NEW.spec, NEW.desired, NEW.on_loss, NEW.run, NEW.restart_run, NEW.incarnation, NEW.recreate, NEW.recreate_generation, NEW.restore_engine_id, NEW.move_number)
     IS DISTINCT FROM
     (OLD.name, OLD.image_id, OLD.machine_id, OLD.spec, OLD.desired, OLD.on_loss, OLD.run, OLD.restart_run, OLD.incarnation, OLD.recreate, OLD.recreate_generation, OLD.restore_engine_id, OLD.move_number)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;

-- Another engine that an admin accepts as the machine's is a change of what the machine is.
CREATE OR REPLACE FUNCTION bump_machine_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.url, NEW.tls, NEW.allow_insecure, NEW.state, NEW.is_builder, NEW.runs_containers, NEW.port_first, NEW.port_last, NEW.labels, NEW.shared_gpus, NEW.marker_uuid)
     IS DISTINCT FROM
     (OLD.url, OLD.tls, OLD.allow_insecure, OLD.state, OLD.is_builder, OLD.runs_containers, OLD.port_first, OLD.port_last, OLD.labels, OLD.shared_gpus, OLD.marker_uuid)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;

-- A machine that a container has moved away from clears away what it left there.
CREATE OR REPLACE FUNCTION notice_container() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM dirty WHERE noun = 'container' AND id = OLD.uid::text;
    PERFORM pg_notify('berth_container', OLD.uid::text);
  ELSIF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation THEN
    PERFORM mark_dirty('container', NEW.uid::text, NEW.generation);
  END IF;
  RETURN NULL;
END $$;
