import type { AuditEntry } from "@berth/spec/audit.ts";
import { Link } from "@tanstack/react-router";
import { Fragment, useId } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "../../components/said.tsx";
import { useFormat } from "../../lib/format.ts";
import { AuditedObject } from "./audited-object.tsx";

/** What was done; opens all that is known of it, also where the columns have no room. */
export function EntryDetails({ entry, name }: { entry: AuditEntry; name: string | undefined }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const id = useId();
  const { at, account, action, noun, object_id, address, details } = entry;
  const rows = [
    { key: "at", label: t("audit.at"), value: exact(at) },
    { key: "who", label: t("audit.who"), value: account },
    { key: "object", label: t("audit.object"), value: <AuditedObject entry={entry} name={name} /> },
    { key: "id", label: t("audit.object_id"), value: object_id },
    ...(address === null ? [] : [{ key: "from", label: t("audit.from"), value: address }]),
    ...Object.entries(details).map(([label, value]) => ({
      key: `details-${label}`,
      label: <code>{label}</code>,
      value: <code>{textOf(value)}</code>,
    })),
  ];
  return (
    <>
      <button type="button" className="audit-action" popoverTarget={id}>
        <Said text={action} />
      </button>
      <div id={id} popover="auto" className="popover-card audit-details" role="group" aria-label={t("audit.details")}>
        <dl>
          {rows.map(({ key, label, value }) => (
            <Fragment key={key}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </Fragment>
          ))}
        </dl>
        <Link
          to="/audit"
          search={{ noun, object: object_id }}
          onClick={({ currentTarget }) => currentTarget.closest<HTMLElement>("[popover]")?.hidePopover()}
        >
          {t("audit.only_object")}
        </Link>
      </div>
    </>
  );
}

export const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
