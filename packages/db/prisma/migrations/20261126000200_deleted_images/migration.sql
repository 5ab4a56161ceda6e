-- An image that is wanted absent, and is.
ALTER TABLE image_status
  DROP CONSTRAINT image_status_phase_check,
  ADD CONSTRAINT image_status_phase_check CHECK (phase IN ('Waiting', 'Committing', 'Ready', 'Failed', 'Deleted'));
