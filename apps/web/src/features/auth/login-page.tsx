import { useState } from "react";
import { useTranslation } from "react-i18next";
import { GateField, GatePage } from "./gate.tsx";
import { useSignIn } from "./use-sign-in.ts";

export function LoginPage() {
  const { t } = useTranslation();
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const { signIn, isPending, error } = useSignIn();
  return (
    <GatePage
      title={t("auth.sign_in")}
      busyTitle={t("auth.signing_in")}
      isBusy={isPending}
      error={error}
      onSubmit={() => signIn(account, password)}
      foot={
        <>
          {t("auth.no_account")} <a href="/register">{t("auth.register")}</a>
          <br />
          {t("auth.forgotten")}
        </>
      }
    >
      <GateField
        label={t("auth.account")}
        name="account"
        autoComplete="username"
        required
        value={account}
        onChange={setAccount}
      />
      <GateField
        label={t("auth.password")}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={setPassword}
      />
    </GatePage>
  );
}
