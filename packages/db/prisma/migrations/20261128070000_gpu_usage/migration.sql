-- Since when somebody holds a GPU, and who held which for how long.

ALTER TABLE gpu_allocations
  -- What is held as this runs is held since now, as far as anybody knows.
  ADD COLUMN since timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  -- How many containers could hold that GPU at once when it was given: its holder's time counts divided by it.
  ADD COLUMN shares integer NOT NULL DEFAULT 1,
  ADD CONSTRAINT gpu_allocations_shares_check CHECK (shares BETWEEN 1 AND 64);

-- GPUs that were held and given back. Without references, for it outlives the container and the machine.
CREATE TABLE gpu_usage (
  usage_id bigserial PRIMARY KEY,
  user_id integer NOT NULL,
  container_id integer NOT NULL,
  machine_id text NOT NULL,
  gpu_uuid text NOT NULL,
  -- Null where the machine did not tell of that GPU any more.
  gpu_type text,
  shares integer NOT NULL,
  began_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3) NOT NULL,
  CONSTRAINT gpu_usage_shares_check CHECK (shares >= 1),
  CONSTRAINT gpu_usage_times_check CHECK (began_at <= ended_at)
);
CREATE INDEX gpu_usage_ended_at_idx ON gpu_usage (ended_at);
CREATE INDEX gpu_usage_user_id_ended_at_idx ON gpu_usage (user_id, ended_at);

CREATE FUNCTION record_gpu_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gpu_usage (user_id, container_id, machine_id, gpu_uuid, gpu_type, shares, began_at, ended_at)
  SELECT c.user_id, g.container_id, g.machine_id, g.gpu_uuid,
         (SELECT gpu->>'type' FROM machine_status s, jsonb_array_elements(s.gpus) gpu
          WHERE s.machine_id = g.machine_id AND gpu->>'uuid' = g.gpu_uuid LIMIT 1),
         g.shares, g.since, GREATEST(g.since, clock_timestamp())
  FROM given_back g JOIN containers c USING (container_id);
  RETURN NULL;
END $$;
CREATE TRIGGER gpu_allocations_usage AFTER DELETE ON gpu_allocations
  REFERENCING OLD TABLE AS given_back FOR EACH STATEMENT EXECUTE FUNCTION record_gpu_usage();
