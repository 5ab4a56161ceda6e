-- What the script of a join token has found on the server where it was pasted.

ALTER TABLE join_tokens
  ADD COLUMN checks jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN checked_at timestamptz(3),
  ADD CONSTRAINT join_tokens_checks_check CHECK (jsonb_typeof(checks) = 'array');
