import { DownOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../lib/trpc.ts";

const WAYS = { build: "/images/build", mirror: "/images/mirror", external: "/images/external" } as const;

/** For admins: the ways by which an image gets here, and the registry that holds them. */
export function AddImageMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useQuery(useTRPC().user.me.queryOptions());
  if (me.data?.role !== "admin") return null;
  const items = (["build", "mirror", "external"] as const).map((way) => ({
    key: way,
    label: (
      <>
        {t(`builds.${way}`)} <span className="quiet">{t(`builds.${way}_hint`)}</span>
      </>
    ),
    onClick: () => void navigate({ to: WAYS[way] }),
  }));
  return (
    <>
      <Link to="/registry">{t("builds.registry")}</Link>
      <Dropdown trigger={["click"]} menu={{ items }}>
        <Button type="primary" icon={<DownOutlined />} iconPlacement="end" aria-label={t("builds.add")}>
          {t("builds.add")}
        </Button>
      </Dropdown>
    </>
  );
}
