import { MenuOutlined } from "@ant-design/icons";
import { useRouter } from "@tanstack/react-router";
import { Button } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { NavList } from "./nav-list.tsx";

/** The navigation where there is no room beside the page: a button and a drawer. */
export function NavMenu() {
  const { t } = useTranslation();
  const router = useRouter();
  const drawer = useRef<HTMLDialogElement>(null);
  useEffect(() => router.subscribe("onBeforeNavigate", () => drawer.current?.close()), [router]);
  return (
    <>
      <Button
        type="text"
        className="nav-button"
        icon={<MenuOutlined />}
        aria-label={t("nav.menu")}
        aria-haspopup="dialog"
        onClick={() => drawer.current?.showModal()}
      />
      <dialog
        ref={drawer}
        className="nav-drawer"
        aria-label={t("nav.menu")}
        // What is beside the list is the backdrop.
        onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
      >
        <NavList />
      </dialog>
    </>
  );
}
