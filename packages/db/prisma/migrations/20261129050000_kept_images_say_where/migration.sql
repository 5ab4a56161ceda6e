-- What a recreate keeps is on its container's machine alone.
UPDATE images i SET machine_id = p.machine_id
FROM containers c JOIN placements p USING (container_id)
WHERE c.uid = i.origin_uid AND i.source = 'commit' AND i.reference IS NOT NULL AND i.machine_id IS NULL;
