-- Who holds which GPU, who waits for one, and what Berth does not give.

ALTER TABLE machine_status
  -- GPUs that processes outside Berth use: they count as taken.
  ADD COLUMN foreign_gpus text[] NOT NULL DEFAULT '{}';

ALTER TABLE machines
  -- { uuid: how many containers may hold it at once }; one that is not named has one holder.
  ADD COLUMN shared_gpus jsonb NOT NULL DEFAULT '{}',
  ADD CONSTRAINT machines_shared_gpus_check CHECK (jsonb_typeof(shared_gpus) = 'object');

-- Of a GPU that is not shared only slot 0 is ever given.
ALTER TABLE gpu_allocations
  ADD COLUMN slot integer NOT NULL DEFAULT 0,
  ADD CONSTRAINT gpu_allocations_slot_check CHECK (slot BETWEEN 0 AND 63),
  DROP CONSTRAINT gpu_allocations_pkey,
  ADD PRIMARY KEY (machine_id, gpu_uuid, slot);
CREATE UNIQUE INDEX gpu_allocations_container_key ON gpu_allocations (machine_id, gpu_uuid, container_id);

-- Containers that wait for GPUs, in the order of their numbers.
CREATE TABLE waiting_line (
  container_id integer PRIMARY KEY REFERENCES containers ON DELETE CASCADE ON UPDATE CASCADE,
  number bigserial NOT NULL UNIQUE,
  -- Where it is to run; null lets Berth choose.
  machine_id text REFERENCES machines ON DELETE RESTRICT ON UPDATE CASCADE,
  -- Only these may serve it, for what else it needs; none is any machine.
  machine_ids text[] NOT NULL DEFAULT '{}',
  gpu_count integer NOT NULL,
  gpu_type text,
  -- These very ones; none lets Berth choose.
  gpu_uuids text[] NOT NULL DEFAULT '{}',
  reason text NOT NULL DEFAULT '',
  asked_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT waiting_line_count_check CHECK (gpu_count >= 1)
);
CREATE INDEX waiting_line_machine_id_idx ON waiting_line (machine_id);

-- Somebody in the line may have a turn now. Its own transaction tells nobody: whoever frees GPUs moves the line on.
CREATE FUNCTION notice_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM waiting_line) THEN
    PERFORM pg_notify('berth_line', '');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER waiting_line_shorter AFTER DELETE ON waiting_line FOR EACH STATEMENT EXECUTE FUNCTION notice_line();
CREATE TRIGGER machines_line AFTER UPDATE OF state, runs_containers, shared_gpus, port_first, port_last ON machines
  FOR EACH STATEMENT EXECUTE FUNCTION notice_line();
CREATE TRIGGER machine_status_line_first AFTER INSERT ON machine_status FOR EACH ROW EXECUTE FUNCTION notice_line();
CREATE TRIGGER machine_status_line AFTER UPDATE ON machine_status FOR EACH ROW
  WHEN ((NEW.online, NEW.gpus, NEW.foreign_gpus, NEW.cores) IS DISTINCT FROM (OLD.online, OLD.gpus, OLD.foreign_gpus, OLD.cores))
  EXECUTE FUNCTION notice_line();

-- What is shared by whom is spec of the machine, as all else that an admin says of it.
CREATE OR REPLACE FUNCTION bump_machine_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.url, NEW.tls, NEW.allow_insecure, NEW.state, NEW.is_builder, NEW.runs_containers, NEW.port_first, NEW.port_last, NEW.labels, NEW.shared_gpus)
     IS DISTINCT FROM
     (OLD.url, OLD.tls, OLD.allow_insecure, OLD.state, OLD.is_builder, OLD.runs_containers, OLD.port_first, OLD.port_last, OLD.labels, OLD.shared_gpus)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;
