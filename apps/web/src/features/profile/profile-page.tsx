import { useQuery } from "@tanstack/react-query";
import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { PageHead } from "../../components/page-head.tsx";
import { LANGUAGES, preferences, THEMES, usePreferences } from "../../lib/preferences.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { OwnGpuHours } from "../usage/own-gpu-hours.tsx";
import { ApiTokens } from "./api-tokens.tsx";
import { PasswordForm } from "./password-form.tsx";
import { PersonForm } from "./person-form.tsx";
import { PhotoChoice } from "./photo-choice.tsx";
import { SignOutEverywhere } from "./sign-out-everywhere.tsx";
import { SshKeys } from "./ssh-keys.tsx";
import { Usage } from "./usage.tsx";
import { Loading } from "../../components/loading.tsx";

/** What concerns oneself. */
export function ProfilePage() {
  const { t } = useTranslation();
  const { language, theme } = usePreferences();
  const me = useQuery(useTRPC().user.me.queryOptions());
  if (me.isPending) return <Loading />;
  if (!me.data) return <Failure error={me.error} onRetry={() => void me.refetch()} />;
  return (
    <>
      <PageHead title={t("nav.profile")} />
      <div className="sections">
        <section>
          <h2>{t("profile.person", { account: me.data.account })}</h2>
          <PhotoChoice me={me.data} />
          <PersonForm me={me.data} />
        </section>
        <section>
          <h2>{t("profile.usage")}</h2>
          <Usage me={me.data} />
          <OwnGpuHours />
        </section>
        <section>
          <h2>{t("profile.ssh_keys")}</h2>
          <SshKeys />
        </section>
        <section>
          <h2>{t("profile.tokens")}</h2>
          <ApiTokens />
        </section>
        <section>
          <h2>{t("profile.password")}</h2>
          <PasswordForm userId={me.data.user_id} account={me.data.account} />
        </section>
        <section>
          <h2>{t("profile.sign_ins")}</h2>
          <SignOutEverywhere />
        </section>
        <section>
          <h2>{t("theme.label")}</h2>
          <div className="choices">
            <Segmented
              aria-label={t("language.label")}
              value={language}
              options={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
              onChange={preferences.setLanguage}
            />
            <Segmented
              aria-label={t("theme.label")}
              value={theme}
              options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
              onChange={preferences.setTheme}
            />
          </div>
        </section>
      </div>
    </>
  );
}
