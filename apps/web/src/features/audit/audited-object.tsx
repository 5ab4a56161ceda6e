import type { AuditEntry } from "@berth/spec/audit.ts";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

interface AuditedObjectProps {
  entry: AuditEntry;
  /** Undefined where it is gone, or has no page of its own. */
  name: string | undefined;
}

/** What it was done to, with the way there where it still exists. */
export function AuditedObject({ entry: { noun, object_id }, name }: AuditedObjectProps) {
  const { t } = useTranslation();
  const kind = t(`audit.nouns.${noun}`);
  if (name === undefined) return `${kind} ${object_id}`;
  return (
    <>
      {kind}{" "}
      {noun === "container" && (
        <Link className="audited" to="/containers/$containerId" params={{ containerId: object_id }}>
          {name}
        </Link>
      )}
      {noun === "image" && (
        <Link className="audited" to="/images/$imageId" params={{ imageId: object_id }}>
          {name}
        </Link>
      )}
      {noun === "machine" && (
        <Link className="audited" to="/machines/$machineId" params={{ machineId: object_id }}>
          {name}
        </Link>
      )}
    </>
  );
}
