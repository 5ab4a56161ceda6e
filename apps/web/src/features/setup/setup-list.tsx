import { CheckCircleFilled, CloseOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";
import { needsNothing, stepsOf } from "./setup-steps.ts";
import { useSetup } from "./use-setup.ts";
import "./setup-list.css";

/** For admins of a fresh Berth: what is still to be done, until all of it is, or they want no more of it. */
export function SetupList() {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const setup = useSetup();
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
