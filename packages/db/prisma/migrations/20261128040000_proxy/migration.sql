-- Who may see the web pages of which container. Of codes and cookies only the SHA-256 is kept.

-- Used once, within 30 seconds.
CREATE TABLE proxy_codes (
  code_hash bytea PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  container_id integer NOT NULL REFERENCES containers ON DELETE CASCADE ON UPDATE CASCADE,
  port text NOT NULL,
  credential jsonb NOT NULL,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX proxy_codes_user_id_idx ON proxy_codes (user_id);
CREATE INDEX proxy_codes_container_id_idx ON proxy_codes (container_id);
CREATE INDEX proxy_codes_expires_at_idx ON proxy_codes (expires_at);

-- They end with the credential of whoever asked, too.
CREATE TABLE proxy_sessions (
  token_hash bytea PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  container_id integer NOT NULL REFERENCES containers ON DELETE CASCADE ON UPDATE CASCADE,
  credential jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX proxy_sessions_user_id_idx ON proxy_sessions (user_id);
CREATE INDEX proxy_sessions_container_id_idx ON proxy_sessions (container_id);
CREATE INDEX proxy_sessions_expires_at_idx ON proxy_sessions (expires_at);
