import type { Container } from "@berth/spec/container.ts";
import { useMutation } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { messageOf } from "../../../lib/messages.ts";
import { useTRPC } from "../../../lib/trpc.ts";

/** Shows the pages of an http port, such as Jupyter's, in a tab of their own. */
export function OpenPort({ container: { container_id, status }, port }: { container: Container; port: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const open = useMutation(
    useTRPC().container.open.mutationOptions({ onError: (error) => void message.error(messageOf(error), 8) }),
  );
  const show = async (): Promise<void> => {
    // At the click itself, or the browser takes it for an advertisement.
    const tab = window.open("about:blank", "_blank");
    const opened = await open.mutateAsync({ container_id, port }).catch(() => null);
    if (!tab) return;
    if (!opened) return tab.close();
    tab.opener = null;
    tab.location.href = opened.url;
  };
  return (
    <Button disabled={!status} loading={open.isPending} onClick={() => void show()}>
      {t("containers.open_port", { port })}
    </Button>
  );
}
