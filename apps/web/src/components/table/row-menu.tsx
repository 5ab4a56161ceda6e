import { MoreOutlined } from "@ant-design/icons";
import { Dropdown, type MenuProps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "./row-menu.css";

/** What can be done with a row. `items` is called when it opens: rows that only scroll by cost a plain button. */
export function RowMenu({ name, items }: { name: string; items: () => NonNullable<MenuProps["items"]> }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const [isUsed, setUsed] = useState(false);
  const open = (): void => {
    setUsed(true);
    setOpen(true);
  };
  const button = (
    <button
      type="button"
      className="row-menu"
      aria-label={`${t("common.more")}: ${name}`}
      aria-haspopup="menu"
      aria-expanded={isOpen}
      onClick={isUsed ? undefined : open}
    >
      <MoreOutlined />
    </button>
  );
  if (!isUsed) return button;
  return (
    <Dropdown trigger={["click"]} open={isOpen} onOpenChange={setOpen} menu={{ items: items() }} autoFocus>
      {button}
    </Dropdown>
  );
}
