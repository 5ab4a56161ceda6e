import { DesktopOutlined, LogoutOutlined, MoonOutlined, SunOutlined, UserOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Avatar, Button, Dropdown, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { LANGUAGES, preferences, THEMES, type Theme, usePreferences } from "../lib/preferences.ts";
import { useTRPC } from "../lib/trpc.ts";
import { Keyboard } from "./keyboard.tsx";
import { NavMenu } from "./nav-menu.tsx";
import { useSignOut } from "./use-sign-out.ts";

const THEME_ICONS: Record<Theme, React.ReactNode> = {
  system: <DesktopOutlined />,
  light: <SunOutlined />,
  dark: <MoonOutlined />,
};

export function TopBar() {
  const { t } = useTranslation();
  return (
    <header className="top-bar">
      <NavMenu />
      <Link to="/" className="brand">
        <img src="/logo.svg" width="26" height="26" alt="" />
        <span>{t("app.name")}</span>
      </Link>
      <Keyboard />
      <AccountMenu />
    </header>
  );
}

function AccountMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const { language, theme } = usePreferences();
  const me = useQuery(useTRPC().user.me.queryOptions());
  const items: MenuProps["items"] = [
    { type: "group", label: me.data?.nickname ?? me.data?.account ?? "" },
    {
      key: "profile",
      icon: <UserOutlined />,
      label: t("nav.profile"),
      onClick: () => void navigate({ to: "/profile" }),
    },
    { type: "divider" },
    {
      type: "group",
      label: t("language.label"),
      children: LANGUAGES.map((each) => ({
        key: `language-${each}`,
        label: t(`language.${each}`),
        onClick: () => preferences.setLanguage(each),
      })),
    },
    {
      type: "group",
      label: t("theme.label"),
      children: THEMES.map((each) => ({
        key: `theme-${each}`,
        icon: THEME_ICONS[each],
        label: t(`theme.${each}`),
        onClick: () => preferences.setTheme(each),
      })),
    },
    { type: "divider" },
    { key: "sign-out", icon: <LogoutOutlined />, label: t("nav.sign_out"), onClick: () => void signOut() },
  ];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{ items, selectable: true, selectedKeys: [`language-${language}`, `theme-${theme}`] }}
    >
      <Button type="text" aria-label={`${t("nav.account")}: ${me.data?.account ?? ""}`} className="account-button">
        <Avatar size={26} icon={<UserOutlined />} src={me.data?.photo ?? undefined} alt="" />
        <span className="account-name">{me.data?.account}</span>
      </Button>
    </Dropdown>
  );
}
