import { Settings } from "@berth/spec/settings.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Segmented, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { messageOf } from "../../lib/messages.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { Invitations } from "./invitations.tsx";
import { Loading } from "../../components/loading.tsx";

/** For admins: what holds for everybody. */
export function SettingsPage() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const settings = useQuery(trpc.settings.get.queryOptions());
  const update = useMutation(
    trpc.settings.update.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries(trpc.settings.pathFilter()),
      onError: (error) => void message.error(messageOf(error), 8),
    }),
  );
  if (settings.isPending) return <Loading />;
  if (!settings.data) return <Failure error={settings.error} onRetry={() => void settings.refetch()} />;
  const { registration, user_push } = settings.data;
  return (
    <>
      <PageHead title={t("settings.title")} />
      <div className="sections">
        <section>
          <h2>{t("settings.registration")}</h2>
          <Segmented
            aria-label={t("settings.registration")}
            value={registration}
            disabled={update.isPending}
            options={Settings.shape.registration
              .unwrap()
              .options.map((value) => ({ value, label: t(`settings.who.${value}`) }))}
            onChange={(value) => update.mutate({ registration: value })}
          />
          <p className="quiet">{t(`settings.who_hint.${registration}`)}</p>
        </section>
        <section>
          <h2>{t("settings.user_push")}</h2>
          <Switch
            aria-label={t("settings.user_push")}
            checked={user_push}
            loading={update.isPending}
            onChange={(value) => update.mutate({ user_push: value })}
          />
          <p className="quiet">{t("settings.user_push_hint")}</p>
        </section>
        <section>
          <h2>{t("settings.invitations")}</h2>
          <Invitations />
        </section>
      </div>
    </>
  );
}
