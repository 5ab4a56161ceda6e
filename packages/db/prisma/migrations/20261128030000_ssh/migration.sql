-- AlterTable
ALTER TABLE "container_status" ADD COLUMN     "ssh_keys" TEXT;

-- What came in with a key that is not its user's any more ends now, as what carries an older epoch does.
CREATE OR REPLACE FUNCTION tell_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_change('user', NEW.user_id::text, ARRAY[NEW.user_id]);
  IF TG_OP = 'UPDATE' AND (NEW.token_epoch <> OLD.token_epoch OR NEW.ssh_public_keys <> OLD.ssh_public_keys) THEN
    PERFORM pg_notify('berth_user', NEW.user_id::text);
  END IF;
  RETURN NULL;
END $$;

-- The keys lie in every container of theirs that has an sshd, and those of a disabled account do not.
CREATE FUNCTION notice_ssh_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_dirty('container', c.uid::text, c.generation)
    FROM containers c JOIN placements p USING (container_id)
    WHERE c.user_id = NEW.user_id AND p.ports @> '[{"kind": "ssh"}]';
  RETURN NULL;
END $$;
CREATE TRIGGER users_ssh_keys_notice AFTER UPDATE ON users FOR EACH ROW
  WHEN (NEW.ssh_public_keys <> OLD.ssh_public_keys OR (NEW.disabled_at IS NULL) <> (OLD.disabled_at IS NULL))
  EXECUTE FUNCTION notice_ssh_keys();
