-- What lets a GPU server join, and how a server that is reached over ssh is known again.

-- Only the SHA-256 of a token is kept.
CREATE TABLE join_tokens (
  join_token_id serial PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  -- Where the server that it was pasted on reaches Berth: the script comes to the same bytes by it.
  public_url text NOT NULL,
  created_by integer NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  revoked_at timestamptz(3),
  -- What joined with it. No reference: the machine may be removed, and the token stays used.
  machine_id text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT join_tokens_used_check CHECK ((used_at IS NULL) = (machine_id IS NULL))
);
CREATE INDEX join_tokens_created_by_idx ON join_tokens (created_by);

ALTER TABLE machines
  -- Of a machine that is reached over ssh: `SHA256:…` of the host key that it showed when it was first met.
  ADD COLUMN ssh_host_key text;
