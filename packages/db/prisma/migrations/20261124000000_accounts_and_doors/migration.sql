-- AlterTable
ALTER TABLE "containers" ADD COLUMN     "restart_run" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "restore_engine_id" TEXT;

-- AlterTable
ALTER TABLE "held_containers" ADD COLUMN     "gpu_uuids" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "incarnation" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "ports" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "spec" JSONB;

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "sessions" (
    "session_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "user_id" INTEGER NOT NULL,
    "token_epoch" INTEGER NOT NULL,
    "counter" INTEGER NOT NULL DEFAULT 0,
    "rotated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "address" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("session_id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "token_id" SERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "token_epoch" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("token_id")
);

-- CreateTable
CREATE TABLE "invitations" (
    "invitation_id" SERIAL NOT NULL,
    "code_hash" BYTEA NOT NULL,
    "note" TEXT,
    "uses_left" INTEGER NOT NULL,
    "created_by" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("invitation_id")
);

-- CreateTable
CREATE TABLE "photos" (
    "photo_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "user_id" INTEGER NOT NULL,
    "content_type" TEXT NOT NULL,
    "content" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "photos_pkey" PRIMARY KEY ("photo_id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "attempt_id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("attempt_id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "user_id" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "status" INTEGER,
    "answer" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("user_id","key")
);

-- CreateTable
CREATE TABLE "terminals" (
    "terminal_id" UUID NOT NULL,
    "container_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "machine_id" TEXT NOT NULL,
    "engine_id" TEXT NOT NULL,
    "server_id" UUID NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "renewed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "terminals_pkey" PRIMARY KEY ("terminal_id")
);

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_token_hash_key" ON "api_tokens"("token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_user_id_name_key" ON "api_tokens"("user_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "invitations_code_hash_key" ON "invitations"("code_hash");

-- CreateIndex
CREATE INDEX "photos_user_id_idx" ON "photos"("user_id");

-- CreateIndex
CREATE INDEX "attempts_kind_address_at_idx" ON "attempts"("kind", "address", "at");

-- CreateIndex
CREATE INDEX "attempts_at_idx" ON "attempts"("at");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE INDEX "terminals_renewed_at_idx" ON "terminals"("renewed_at");

-- CreateIndex
CREATE INDEX "audit_log_user_id_idx" ON "audit_log"("user_id");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("user_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("user_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "photos" ADD CONSTRAINT "photos_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("user_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema can't say ---------------------------------------------------------------------------------------

ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_scope_check CHECK (scope IN ('read', 'write'));
ALTER TABLE invitations ADD CONSTRAINT invitations_uses_left_check CHECK (uses_left >= 0);
ALTER TABLE attempts ADD CONSTRAINT attempts_kind_check CHECK (kind IN ('login', 'register'));
ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_answer_check CHECK ((status IS NULL) = (answer IS NULL));
ALTER TABLE containers ADD CONSTRAINT containers_restart_check CHECK (restart_run BETWEEN 0 AND run);

-- The setting was a boolean before there were invitations.
UPDATE settings SET key = 'registration', value = CASE WHEN value = 'false' THEN '"closed"'::jsonb ELSE '"open"'::jsonb END
  WHERE key = 'registration_open';

-- Whatever changes who a user is ends what was issued before.
CREATE FUNCTION bump_token_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.password, NEW.role, NEW.disabled_at, NEW.deleted_at) IS DISTINCT FROM (OLD.password, OLD.role, OLD.disabled_at, OLD.deleted_at)
     AND NEW.token_epoch = OLD.token_epoch
  THEN
    NEW.token_epoch := OLD.token_epoch + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER users_token_epoch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION bump_token_epoch();

-- Restarts and restores are spec, too.
CREATE OR REPLACE FUNCTION bump_container_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation;
  IF (NEW.name, NEW.image_id, NEW.machine_id, NEW.spec, NEW.desired, NEW.on_loss, NEW.run, NEW.restart_run, NEW.incarnation, NEW.recreate, NEW.recreate_generation, NEW.restore_engine_id)
     IS DISTINCT FROM
     (OLD.name, OLD.image_id, OLD.machine_id, OLD.spec, OLD.desired, OLD.on_loss, OLD.run, OLD.restart_run, OLD.incarnation, OLD.recreate, OLD.recreate_generation, OLD.restore_engine_id)
  THEN
    NEW.generation := OLD.generation + 1;
  END IF;
  RETURN NEW;
END $$;

-- For servers: what people see has changed. The payload is a JSON array of [noun, id, audience]; the audience is the users
-- who may see the object beside admins, or null for everybody who is signed in. The reconciler adds changes of status.

CREATE FUNCTION notify_change(noun_name text, object_id text, audience integer[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('berth_change', jsonb_build_array(jsonb_build_array(noun_name, object_id, audience))::text)
$$;

CREATE FUNCTION tell_container() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN PERFORM notify_change('container', OLD.container_id::text, ARRAY[OLD.user_id]);
  ELSE PERFORM notify_change('container', NEW.container_id::text, ARRAY[NEW.user_id]);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER containers_tell AFTER INSERT OR UPDATE OR DELETE ON containers FOR EACH ROW EXECUTE FUNCTION tell_container();

CREATE FUNCTION tell_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The old audience, too: they must learn that it is not theirs to see any more.
  IF TG_OP <> 'INSERT' THEN
    PERFORM notify_change('image', OLD.image_id::text, CASE WHEN OLD.user_id IS NULL THEN NULL ELSE OLD.user_id || OLD.shared_with END);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM notify_change('image', NEW.image_id::text, CASE WHEN NEW.user_id IS NULL THEN NULL ELSE NEW.user_id || NEW.shared_with END);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER images_tell AFTER INSERT OR UPDATE OR DELETE ON images FOR EACH ROW EXECUTE FUNCTION tell_image();

CREATE FUNCTION tell_machine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN PERFORM notify_change('machine', OLD.machine_id, NULL);
  ELSE PERFORM notify_change('machine', NEW.machine_id, NULL);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER machines_tell AFTER INSERT OR UPDATE OR DELETE ON machines FOR EACH ROW EXECUTE FUNCTION tell_machine();
-- Which of its GPUs are free.
CREATE TRIGGER gpu_allocations_tell AFTER INSERT OR DELETE ON gpu_allocations FOR EACH ROW EXECUTE FUNCTION tell_machine();

CREATE FUNCTION tell_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_change('container', container_id::text, ARRAY[user_id]) FROM containers WHERE container_id = NEW.container_id;
  RETURN NULL;
END $$;
CREATE TRIGGER placements_tell AFTER INSERT OR UPDATE ON placements FOR EACH ROW EXECUTE FUNCTION tell_placement();

CREATE FUNCTION tell_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_change('settings', 'settings', NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER settings_tell AFTER INSERT OR UPDATE OR DELETE ON settings FOR EACH ROW EXECUTE FUNCTION tell_settings();

CREATE FUNCTION tell_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_change('user', NEW.user_id::text, ARRAY[NEW.user_id]);
  -- What carries an older epoch ends now: sockets are told apart from what only looks different.
  IF TG_OP = 'UPDATE' AND NEW.token_epoch <> OLD.token_epoch THEN PERFORM pg_notify('berth_user', NEW.user_id::text); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER users_tell AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tell_user();

CREATE FUNCTION tell_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('berth_user', OLD.user_id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER sessions_tell AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION tell_credential();
CREATE TRIGGER api_tokens_tell AFTER DELETE ON api_tokens FOR EACH ROW EXECUTE FUNCTION tell_credential();

-- Throttling -----------------------------------------------------------------------------------------------------------

-- Counts an attempt before it is decided, so that many at once are no way around. `wait_s` is 0 where it may go on, else
-- for how many seconds it may not; then nothing was counted. One address is counted by one transaction at a time.
CREATE FUNCTION count_attempt(attempt_kind text, from_address text, for_account text, per_account integer, per_address integer, within interval,
                              OUT wait_s integer, OUT counted_id bigint) LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := clock_timestamp() - within;
  blocking timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('attempts ' || attempt_kind || ' ' || from_address, 0));
  DELETE FROM attempts WHERE kind = attempt_kind AND address = from_address AND at <= since;
  SELECT max(nth) INTO blocking FROM (
    (SELECT at AS nth FROM attempts WHERE kind = attempt_kind AND address = from_address
     ORDER BY at DESC OFFSET per_address - 1 LIMIT 1)
    UNION ALL
    (SELECT at FROM attempts WHERE kind = attempt_kind AND address = from_address AND account = for_account
     ORDER BY at DESC OFFSET per_account - 1 LIMIT 1)
  ) AS full_windows;
  IF blocking IS NOT NULL THEN
    wait_s := GREATEST(1, ceil(extract(epoch FROM blocking - since)));
    RETURN;
  END IF;
  wait_s := 0;
  INSERT INTO attempts (kind, address, account, at) VALUES (attempt_kind, from_address, for_account, clock_timestamp())
    RETURNING attempt_id INTO counted_id;
END $$;
