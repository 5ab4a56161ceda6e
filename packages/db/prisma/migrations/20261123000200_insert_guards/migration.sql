-- What the triggers on UPDATE left open: a generation that an INSERT brings along, and an audit entry that is deleted.

CREATE FUNCTION start_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := 1;
  RETURN NEW;
END $$;
CREATE TRIGGER machines_first_generation BEFORE INSERT ON machines FOR EACH ROW EXECUTE FUNCTION start_generation();
CREATE TRIGGER images_first_generation BEFORE INSERT ON images FOR EACH ROW EXECUTE FUNCTION start_generation();
CREATE TRIGGER containers_first_generation BEFORE INSERT ON containers FOR EACH ROW EXECUTE FUNCTION start_generation();

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
