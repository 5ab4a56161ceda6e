-- Berth's own image for machines, what their probes tell, and how that was over time.

-- The image that Berth runs its own containers from, as a tar file, so that every host has it.
CREATE TABLE system_images (
  reference text PRIMARY KEY,
  -- What it was made by: another one is made where this changed.
  recipe text NOT NULL,
  -- sha256:… of the tar file.
  digest text NOT NULL,
  -- Of the tar file, gzipped.
  size integer NOT NULL,
  made_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE system_image_chunks (
  reference text NOT NULL REFERENCES system_images ON DELETE CASCADE ON UPDATE CASCADE,
  seq integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (reference, seq)
);

ALTER TABLE machine_status
  -- GPUs that were there since the machine last booted, and are not any more.
  ADD COLUMN missing_gpus text[] NOT NULL DEFAULT '{}',
  -- Of the kernel, as its probe last told it.
  ADD COLUMN boot_id text;

-- What each probe told last. A crash of the database may lose it: the next reading comes within seconds.
CREATE UNLOGGED TABLE machine_telemetry (
  machine_id text PRIMARY KEY REFERENCES machines ON DELETE CASCADE ON UPDATE CASCADE,
  seen_at timestamptz(3) NOT NULL,
  -- MiB, of the reading: lists of many machines need no more of it.
  memory_free integer,
  disk_free integer,
  reading jsonb NOT NULL
) WITH (fillfactor = 50);

-- Means over a minute or an hour. Of GPUs the arrays are in the order of gpu_indexes. MiB, shares of one, percent, degrees, watts.
CREATE TABLE machine_telemetry_points (
  machine_id text NOT NULL REFERENCES machines ON DELETE CASCADE ON UPDATE CASCADE,
  -- 60 or 3600.
  seconds integer NOT NULL,
  at timestamptz(0) NOT NULL,
  cpu real,
  memory_used integer,
  disk_used integer,
  gpu_indexes smallint[] NOT NULL DEFAULT '{}',
  gpu_utilization smallint[] NOT NULL DEFAULT '{}',
  gpu_memory_used integer[] NOT NULL DEFAULT '{}',
  gpu_temperature smallint[] NOT NULL DEFAULT '{}',
  gpu_power smallint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (machine_id, seconds, at),
  CONSTRAINT machine_telemetry_points_seconds_check CHECK (seconds IN (60, 3600))
);
CREATE INDEX machine_telemetry_points_seconds_at_idx ON machine_telemetry_points (seconds, at);
