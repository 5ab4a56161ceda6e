/**
 * SQL: the storages that this spec has mounted on this machine, as a JSON array of `{ name, kind, per_user, path }`. Both are
 * SQL, too, and may speak of `st` (storages). A spec without mounts costs no look at the table.
 */
export const mountedStorages = (spec: string, machineId: string): string => `
  CASE WHEN ${spec}->'mounts' <> '[]' THEN COALESCE((
    SELECT jsonb_agg(jsonb_build_object('name', st.name, 'kind', st.kind, 'per_user', st.per_user, 'path', st.path))
    FROM storages st
    WHERE ${spec}->'mounts' @> jsonb_build_array(jsonb_build_object('storage', st.name))
      AND (st.machine_id IS NULL OR st.machine_id = ${machineId})
  ), '[]') ELSE '[]' END`;
