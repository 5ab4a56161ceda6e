import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../lib/trpc.ts";
import { navGroups } from "./nav-entries.ts";

export function NavList() {
  const { t } = useTranslation();
  const me = useQuery(useTRPC().user.me.queryOptions());
  return (
    <nav className="nav-list" aria-label={t("nav.main")}>
      {navGroups(me.data?.role === "admin").map(({ text, entries }) => (
        <ul key={text} aria-label={t(`nav.${text}`)}>
          {entries.map((entry) => (
            <li key={entry.to}>
              <Link to={entry.to} activeOptions={{ exact: entry.to === "/", includeSearch: false }}>
                {t(`nav.${entry.text}`)}
              </Link>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  );
}
