-- How each reconciler does, in its own words, and since when who holds a shard.

ALTER TABLE reconcilers
  -- Null where it told nothing yet.
  ADD COLUMN health jsonb,
  ADD COLUMN health_at timestamptz(3);

ALTER TABLE leases
  -- Null where nobody holds it, or where who does got it before this column was there.
  ADD COLUMN held_since timestamptz(3);
