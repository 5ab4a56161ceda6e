-- What Prisma's schema can't say: checks, partial indexes, and the triggers by which a change of spec is noticed.

ALTER TABLE users
  ADD CONSTRAINT users_account_check CHECK (account ~ '^[a-z0-9]+([._-][a-z0-9]+)*$' AND length(account) BETWEEN 2 AND 32),
  ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
  ADD CONSTRAINT users_token_epoch_check CHECK (token_epoch >= 0);

ALTER TABLE machines
  ADD CONSTRAINT machines_state_check CHECK (state IN ('active', 'cordoned', 'decommissioned')),
  ADD CONSTRAINT machines_ports_check CHECK (1024 <= port_first AND port_first <= port_last AND port_last <= 65535),
  ADD CONSTRAINT machines_shard_check CHECK (shard BETWEEN 0 AND 63);

ALTER TABLE machine_status
  ADD CONSTRAINT machine_status_json_check CHECK (jsonb_typeof(gpus) = 'array' AND jsonb_typeof(cpus) = 'array' AND jsonb_typeof(conditions) = 'array');

ALTER TABLE images
  ADD CONSTRAINT images_name_check CHECK (name ~ '^[^/]+/[^/:]+:[^/:]+$' AND length(name) <= 200),
  ADD CONSTRAINT images_source_check CHECK (source IN ('build', 'commit', 'mirror', 'push', 'external')),
  ADD CONSTRAINT images_desired_check CHECK (desired IN ('present', 'absent')),
  ADD CONSTRAINT images_lineage_check CHECK (parent_image_id <> image_id),
  ADD CONSTRAINT images_create_params_check CHECK (jsonb_typeof(create_params) = 'object');
CREATE UNIQUE INDEX images_present_name_key ON images (name) WHERE desired = 'present';

ALTER TABLE image_status
  ADD CONSTRAINT image_status_phase_check CHECK (phase IN ('Waiting', 'Committing', 'Ready', 'Failed')),
  ADD CONSTRAINT image_status_size_check CHECK (size >= 0 AND progress >= 0);

ALTER TABLE containers
  ADD CONSTRAINT containers_name_check CHECK (name ~ '^[a-z][a-z0-9-]{1,62}$'),
  ADD CONSTRAINT containers_desired_check CHECK (desired IN ('running', 'stopped', 'removed')),
  ADD CONSTRAINT containers_on_loss_check CHECK (on_loss IN ('recreate', 'fail')),
  ADD CONSTRAINT containers_recreate_check CHECK (recreate IN ('preserve', 'discard')),
  ADD CONSTRAINT containers_spec_check CHECK (jsonb_typeof(spec) = 'object'),
  ADD CONSTRAINT containers_counts_check CHECK (run >= 1 AND incarnation >= 0 AND generation >= 1);

ALTER TABLE container_status
  ADD CONSTRAINT container_status_phase_check CHECK (phase IN (
    'Pending', 'Pulling', 'Creating', 'Starting', 'Running', 'Stopping', 'Stopped', 'Completed', 'BackOff', 'Recreating',
    'RecreateRequired', 'Failed', 'Unknown', 'Removing'));

ALTER TABLE port_allocations
  ADD CONSTRAINT port_allocations_check CHECK (protocol IN ('tcp', 'udp') AND host_port BETWEEN 1 AND 65535);

ALTER TABLE operations
  ADD CONSTRAINT operations_check CHECK (
    kind IN ('build', 'commit', 'push', 'mirror', 'delete') AND state IN ('waiting', 'running', 'done', 'failed', 'cancelled'));
-- One operation of a kind at a time for one object: this is the compare in compare-and-set.
CREATE UNIQUE INDEX operations_open_key ON operations (kind, noun, object_id) WHERE state IN ('waiting', 'running');

ALTER TABLE leases
  ADD CONSTRAINT leases_shard_check CHECK (shard BETWEEN 0 AND 63);
INSERT INTO leases (shard) SELECT generate_series(0, 63);

ALTER TABLE object_events
  ADD CONSTRAINT object_events_kind_check CHECK (kind IN ('normal', 'warning'));

-- An audit entry is written once.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- True while `holder` has `shard` with that very epoch: the fence of every status write.
CREATE FUNCTION holds_lease(shard_number integer, holder_id uuid, holder_epoch bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM leases WHERE shard = shard_number AND holder = holder_id AND epoch = holder_epoch)
$$;

-- Shards -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION set_machine_shard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.shard := mod(hashtext(NEW.machine_id)::bigint + 2147483648, 64);
  RETURN NEW;
END $$;
CREATE TRIGGER machines_shard BEFORE INSERT OR UPDATE OF shard, machine_id ON machines
  FOR EACH ROW EXECUTE FUNCTION set_machine_shard();

CREATE FUNCTION set_image_shard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.shard := mod(NEW.image_id, 64);
  RETURN NEW;
END $$;
CREATE TRIGGER images_shard BEFORE INSERT OR UPDATE OF shard, image_id ON images
  FOR EACH ROW EXECUTE FUNCTION set_image_shard();

-- Generations: nobody sets one; a change of a spec column bumps it. ---------------------------------------------------

CREATE FUNCTION bump_machine_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.url, NEW.tls, NEW.allow_insecure, NEW.state, NEW.is_builder, NEW.runs_containers, NEW.port_first, NEW.port_last, NEW.labels)
     IS DISTINCT FROM
     (OLD.url, OLD.tls, OLD.allow_insecure, OLD.state, OLD.is_builder, OLD.runs_containers, OLD.port_first, OLD.port_last, OLD.labels)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER machines_generation BEFORE UPDATE ON machines FOR EACH ROW EXECUTE FUNCTION bump_machine_generation();

CREATE FUNCTION bump_image_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.name, NEW.reference, NEW.desired) IS DISTINCT FROM (OLD.name, OLD.reference, OLD.desired) THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER images_generation BEFORE UPDATE ON images FOR EACH ROW EXECUTE FUNCTION bump_image_generation();

CREATE FUNCTION bump_container_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.name, NEW.image_id, NEW.machine_id, NEW.spec, NEW.desired, NEW.on_loss, NEW.run, NEW.incarnation, NEW.recreate, NEW.recreate_generation)
     IS DISTINCT FROM
     (OLD.name, OLD.image_id, OLD.machine_id, OLD.spec, OLD.desired, OLD.on_loss, OLD.run, OLD.incarnation, OLD.recreate, OLD.recreate_generation)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER containers_generation BEFORE UPDATE ON containers FOR EACH ROW EXECUTE FUNCTION bump_container_generation();

-- A removal is final: its name may be in use again.
CREATE FUNCTION refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'container % is being removed', OLD.container_id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER containers_no_revival BEFORE UPDATE ON containers FOR EACH ROW
  WHEN (OLD.desired = 'removed' AND NEW.desired <> 'removed') EXECUTE FUNCTION refuse_revival();

-- Notices: a dirty row that stays until the generation was observed, and a notification that may get lost. -------------

CREATE FUNCTION mark_dirty(noun_name text, object_id text, object_generation integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dirty (noun, id, generation) VALUES (noun_name, object_id, object_generation)
    ON CONFLICT (noun, id) DO UPDATE SET generation = GREATEST(dirty.generation, EXCLUDED.generation), marked_at = now();
  PERFORM pg_notify('berth_' || noun_name, object_id);
END $$;

CREATE FUNCTION notice_machine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM dirty WHERE noun = 'machine' AND id = OLD.machine_id;
    PERFORM pg_notify('berth_machine', OLD.machine_id);
  ELSIF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation THEN
    PERFORM mark_dirty('machine', NEW.machine_id, NEW.generation);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER machines_notice AFTER INSERT OR UPDATE OR DELETE ON machines FOR EACH ROW EXECUTE FUNCTION notice_machine();

CREATE FUNCTION notice_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM dirty WHERE noun = 'image' AND id = OLD.image_id::text;
  ELSIF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation THEN
    PERFORM mark_dirty('image', NEW.image_id::text, NEW.generation);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER images_notice AFTER INSERT OR UPDATE OR DELETE ON images FOR EACH ROW EXECUTE FUNCTION notice_image();

CREATE FUNCTION notice_container() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM dirty WHERE noun = 'container' AND id = OLD.uid::text;
  ELSIF TG_OP = 'INSERT' OR NEW.generation <> OLD.generation THEN
    PERFORM mark_dirty('container', NEW.uid::text, NEW.generation);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER containers_notice AFTER INSERT OR UPDATE OR DELETE ON containers FOR EACH ROW EXECUTE FUNCTION notice_container();

CREATE FUNCTION notice_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_dirty('container', uid::text, generation) FROM containers WHERE container_id = NEW.container_id;
  RETURN NULL;
END $$;
CREATE TRIGGER placements_notice AFTER INSERT OR UPDATE ON placements FOR EACH ROW EXECUTE FUNCTION notice_placement();
