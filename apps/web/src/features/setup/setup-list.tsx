import { CheckCircleFilled, CloseOutlined } from "@ant-design/icons";
import type { Setup } from "@berth/spec/settings.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import "./setup-list.css";

const REFRESH_MS = 15_000;

interface Step {
  key: "password" | "registry" | "machine" | "image" | "people";
  isDone: boolean;
  to: "/profile" | "/images" | "/machines" | "/settings";
  text?: string;
}

/** For admins of a fresh Berth: what is still to be done, until all of it is, or they want no more of it. */
export function SetupList() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const setup = useQuery(
    trpc.settings.setup.queryOptions(undefined, {
      refetchInterval: ({ state }) => (state.data && needsNothing(state.data) ? false : REFRESH_MS),
    }),
  );
  const dismiss = useMutation(
    trpc.settings.update.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries(trpc.settings.pathFilter()),
    }),
  );
  // It is beside the point of the page: where it can't be read, the machines are shown without it.
  if (!setup.data || needsNothing(setup.data)) return null;
  const steps = stepsOf(setup.data);
  return (
    <section className="setup" aria-labelledby="setup-title">
      <header>
        <h2 id="setup-title">{t("setup.title")}</h2>
        <span className="quiet">
          {t("setup.done_of", { done: steps.filter(({ isDone }) => isDone).length, count: steps.length })}
        </span>
        <Button
          type="text"
          size="small"
          icon={<CloseOutlined />}
          loading={dismiss.isPending}
          onClick={() => dismiss.mutate({ setup_dismissed: true })}
        >
          {t("setup.dismiss")}
        </Button>
      </header>
      {dismiss.error && <Failure error={dismiss.error} />}
      <ol>
        {steps.map(({ key, isDone, to, text }) => (
          <li key={key} data-done={isDone || undefined}>
            {isDone ? <CheckCircleFilled aria-hidden /> : <span className="setup-open" aria-hidden />}
            <div>
              <Link to={to}>{t(`setup.steps.${key}`)}</Link>{" "}
              {isDone && <span className="setup-done">{t("setup.done")}</span>}
              {!isDone && <p className="quiet">{text ?? t(`setup.hints.${key}`)}</p>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

const needsNothing = (setup: Setup): boolean => setup.dismissed || stepsOf(setup).every(({ isDone }) => isDone);

function stepsOf(setup: Setup): Step[] {
  const { first_password, registry, registry_message, machines_online, images, people, invitations } = setup;
  return [
    ...(first_password ? [{ key: "password" as const, isDone: first_password.changed, to: "/profile" as const }] : []),
    {
      key: "registry",
      isDone: registry,
      to: "/images",
      ...(registry_message !== "" && { text: registry_message }),
    },
    { key: "machine", isDone: machines_online > 0, to: "/machines" },
    { key: "image", isDone: images > 0, to: "/images" },
    { key: "people", isDone: people > 0 || invitations > 0, to: "/settings" },
  ];
}
