import { ArrowUpOutlined } from "@ant-design/icons";
import type { Container } from "@berth/spec/container.ts";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { parentOf, shownName, stepsOf } from "./paths.ts";

interface PathBarProps {
  container: Container;
  path: string;
  onGo: (path: string) => void;
}

/** Where one is, and the way back up; and what is mounted, which one looks for most. */
export function PathBar({ container: { container_id, mounts }, path, onGo }: PathBarProps) {
  const { t } = useTranslation();
  const steps = stepsOf(path);
  const params = { containerId: String(container_id) };
  const shortcuts = [...new Set(["/root", ...mounts.map((mount) => mount.path)])].filter((each) => each !== path);
  return (
    <div className="path-bar">
      <Button
        size="small"
        icon={<ArrowUpOutlined />}
        aria-label={t("files.up")}
        title={t("files.up")}
        disabled={path === "/"}
        onClick={() => onGo(parentOf(path))}
      />
      <nav aria-label={t("files.path")}>
        <ol>
          {steps.map((step, at) => (
            <li key={step.path}>
              {at === steps.length - 1 ? (
                <span aria-current="page">{shownName(step.name)}</span>
              ) : (
                <Link to="/containers/$containerId" params={params} search={{ tab: "files", path: step.path }}>
                  {shownName(step.name)}
                </Link>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <span className="shortcuts">
        {shortcuts.map((each) => (
          <Button
            key={each}
            size="small"
            type="text"
            aria-label={t("files.go", { path: each })}
            onClick={() => onGo(each)}
          >
            {each}
          </Button>
        ))}
      </span>
    </div>
  );
}
