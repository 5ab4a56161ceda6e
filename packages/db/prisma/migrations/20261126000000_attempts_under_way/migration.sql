-- AlterTable
ALTER TABLE "attempts" ADD COLUMN     "decided" BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE "attempts" ALTER COLUMN "decided" SET DEFAULT false;

-- Counts an attempt before it is decided, so that many at once are no way around. Where it may go on, `counted_id` is its
-- row. Else nothing was counted: `wait_s` says for how many seconds it may not go on, or is 0 where only what is under way is in
-- its way and may turn out to be right. One address is counted by one transaction at a time.
DROP FUNCTION count_attempt(text, text, text, integer, integer, interval);
CREATE FUNCTION count_attempt(attempt_kind text, from_address text, for_account text, per_account integer, per_address integer, within interval,
                              OUT wait_s integer, OUT counted_id bigint) LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := clock_timestamp() - within;
  -- Its server has died: it counts as failed.
  abandoned timestamptz := clock_timestamp() - interval '30 seconds';
  blocking timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('attempts ' || attempt_kind || ' ' || from_address, 0));
  DELETE FROM attempts WHERE kind = attempt_kind AND address = from_address AND at <= since;
  SELECT max(nth) INTO blocking FROM (
    (SELECT at AS nth FROM attempts WHERE kind = attempt_kind AND address = from_address AND (decided OR at < abandoned)
     ORDER BY at DESC OFFSET per_address - 1 LIMIT 1)
    UNION ALL
    (SELECT at FROM attempts
     WHERE kind = attempt_kind AND address = from_address AND account = for_account AND (decided OR at < abandoned)
     ORDER BY at DESC OFFSET per_account - 1 LIMIT 1)
  ) AS full_windows;
  IF blocking IS NOT NULL THEN
    wait_s := GREATEST(1, ceil(extract(epoch FROM blocking - since)));
    RETURN;
  END IF;
  wait_s := 0;
  INSERT INTO attempts (kind, address, account, at, decided)
    -- What is registered stays counted, whatever becomes of it.
    SELECT attempt_kind, from_address, for_account, clock_timestamp(), attempt_kind = 'register'
    FROM (SELECT count(*) AS all_accounts, count(*) FILTER (WHERE account = for_account) AS this_account
          FROM attempts WHERE kind = attempt_kind AND address = from_address) AS counted
    WHERE all_accounts < per_address AND this_account < per_account
    RETURNING attempt_id INTO counted_id;
END $$;
