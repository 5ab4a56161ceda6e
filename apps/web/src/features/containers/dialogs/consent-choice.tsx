import "./dialogs.css";
import type { Container, RecreateConsent } from "@berth/spec/container.ts";
import { Radio } from "antd";
import { useId } from "react";
import { useTranslation } from "react-i18next";

interface ConsentChoiceProps {
  container: Pick<Container, "image" | "mounts">;
  value: RecreateConsent;
  onChange: (consent: RecreateConsent) => void;
  /** Why what is inside can't be kept. */
  onlyDiscard?: string | undefined;
  /** It is made anew on another machine: what it was stays on the old one, and is restored there only. */
  elsewhere?: boolean;
}

/** The owner's word for a recreate, with what is kept by it and what is lost. */
export function ConsentChoice({ container, value, onChange, onlyDiscard, elsewhere = false }: ConsentChoiceProps) {
  const { t } = useTranslation();
  const id = useId();
  const { image, mounts } = container;
  const paths = mounts.map(({ path }) => path).join(", ");
  return (
    <fieldset className="consent">
      <legend id={id}>{t("container_dialog.inside")}</legend>
      <Radio.Group
        aria-labelledby={id}
        value={onlyDiscard === undefined ? value : "discard"}
        onChange={({ target }) => onChange(target.value as RecreateConsent)}
      >
        <Radio value="preserve" disabled={onlyDiscard !== undefined}>
          <strong>{t("container_dialog.preserve")}</strong>
          <span className="quiet">{onlyDiscard ?? t("container_dialog.preserve_text")}</span>
        </Radio>
        <Radio value="discard">
          <strong>{t("container_dialog.discard")}</strong>
          <span className="quiet">
            {t(elsewhere ? "container_dialog.discard_there" : "container_dialog.discard_text", { image })}
          </span>
        </Radio>
      </Radio.Group>
      {paths !== "" && !elsewhere && <p className="quiet">{t("container_dialog.mounts_stay", { paths })}</p>}
    </fieldset>
  );
}
