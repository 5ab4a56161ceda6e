import "./shell.css";
import { Outlet } from "@tanstack/react-router";
import { App, ConfigProvider } from "antd";
import { useTranslation } from "react-i18next";
import { lazily } from "../components/lazily.tsx";
import { Loading } from "../components/loading.tsx";
import { antdTheme } from "../design/antd-theme.ts";
import { containerDialog } from "../features/containers/dialogs/dialog-store.ts";
import { useFollowChanges } from "../lib/follow-changes.ts";
import { usePreferences } from "../lib/preferences.ts";
import { useStore } from "../lib/store.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { DialogFailure } from "./dialog-failure.tsx";
import { NavList } from "./nav-list.tsx";
import { ReconcilerBanner } from "./reconciler-banner.tsx";
import { SignInAgain } from "./sign-in-again.tsx";
import { TopBar } from "./top-bar.tsx";
import { useAntdLocale } from "./use-antd-locale.ts";
import { useFocusOnNavigation } from "./use-focus-on-navigation.ts";
import { useIsFrameKnown } from "./use-is-frame-known.ts";

const ContainerDialogs = lazily(
  () => import("../features/containers/dialogs/container-dialogs.tsx"),
  "ContainerDialogs",
  { failure: DialogFailure },
);

/** The frame of every page of who is signed in. */
export function Shell() {
  const { t } = useTranslation();
  const { language, mode } = usePreferences();
  const locale = useAntdLocale(language);
  const hasDialog = useStore(containerDialog) !== null;
  const isKnown = useIsFrameKnown();
  useFollowChanges();
  useFocusOnNavigation();
  return (
    <ConfigProvider
      theme={antdTheme(mode)}
      {...(locale && { locale })}
      // "停 止" is no word, for people or for screen readers.
      button={{ autoInsertSpace: false }}
      // What opens is a part of the page, for screen readers too.
      getPopupContainer={(trigger) => trigger?.closest<HTMLElement>("main, header") ?? document.body}
    >
      <App className="shell">
        <a className="skip-link" href="#content">
          {t("nav.skip")}
        </a>
        <TopBar />
        <div className="banners">
          <ConnectionBanner />
          <ReconcilerBanner />
        </div>
        <div className="side">
          <NavList />
        </div>
        <main id="content" tabIndex={-1} className={isKnown ? undefined : "late"}>
          {isKnown ? <Outlet /> : <Loading />}
        </main>
        {hasDialog && <ContainerDialogs onClose={() => containerDialog.set(null)} />}
        <SignInAgain />
      </App>
    </ConfigProvider>
  );
}
