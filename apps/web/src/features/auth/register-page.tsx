import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { hashPassword } from "../../lib/hash-password.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { GateField, GatePage } from "./gate.tsx";
import { useSignIn } from "./use-sign-in.ts";

const SHORTEST = 8;

export function RegisterPage({ onSignedIn }: { onSignedIn: () => void }) {
  const { t } = useTranslation();
  const invited = new URLSearchParams(location.search).get("invitation") ?? "";
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [invitation, setInvitation] = useState(invited);
  const [isChecked, setChecked] = useState(false);
  const registration = useMutation(useTRPC().auth.register.mutationOptions());
  const { signIn, isPending, error } = useSignIn();

  const passwordError = password.length < SHORTEST ? t("auth.too_short") : null;
  const repeatError = repeated === password ? null : t("auth.not_same");
  const submit = async (): Promise<void> => {
    setChecked(true);
    if (passwordError ?? repeatError) return;
    // One that has succeeded, and whose sign-in failed then, can't be done again.
    if (!registration.isSuccess || registration.variables.account !== account.trim()) {
      const code = invitation.trim() === "" ? {} : { invitation: invitation.trim() };
      await registration.mutateAsync({ account: account.trim(), password: hashPassword(password), ...code });
    }
    await signIn(account, password);
    onSignedIn();
  };
  return (
    <GatePage
      title={t("auth.register")}
      busyTitle={t("auth.registering")}
      isBusy={registration.isPending || isPending}
      error={registration.error ?? error}
      onSubmit={submit}
      foot={
        <>
          {t("auth.has_account")} <a href="/login">{t("auth.sign_in")}</a>
        </>
      }
    >
      <GateField
        label={t("auth.account")}
        name="account"
        autoComplete="username"
        hint={t("auth.account_rule")}
        required
        value={account}
        onChange={setAccount}
      />
      <GateField
        label={t("auth.password")}
        name="password"
        type="password"
        autoComplete="new-password"
        required
        error={isChecked ? passwordError : null}
        value={password}
        onChange={setPassword}
      />
      <GateField
        label={t("auth.repeat")}
        name="repeated"
        type="password"
        autoComplete="new-password"
        required
        error={isChecked ? repeatError : null}
        value={repeated}
        onChange={setRepeated}
      />
      <GateField
        label={t("auth.invitation")}
        name="invitation"
        autoComplete="off"
        hint={t("auth.invitation_hint")}
        value={invitation}
        onChange={setInvitation}
      />
    </GatePage>
  );
}
