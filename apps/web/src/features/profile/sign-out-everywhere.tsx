import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { useQuestion } from "../../components/use-question.ts";
import { useTRPC } from "../../lib/trpc.ts";
import { useSignOut } from "../../shell/use-sign-out.ts";
import { useEndingTokens } from "./use-ending-tokens.ts";

/** For a laptop that was lost, or a browser that was left signed in. */
export function SignOutEverywhere() {
  const { t } = useTranslation();
  const ask = useQuestion();
  const signOut = useSignOut();
  const endingTokens = useEndingTokens();
  const end = useMutation(useTRPC().auth.logout_everywhere.mutationOptions({ onSuccess: signOut }));
  return (
    <>
      <p className="quiet">{t("profile.sign_out_hint")}</p>
      {end.error && <Failure error={end.error} />}
      <Button
        danger
        loading={end.isPending}
        onClick={() =>
          ask({
            title: t("profile.sign_out_title"),
            text: (
              <div className="dialog-text">
                <p>{t("profile.sign_out_text")}</p>
                {endingTokens !== null && <p>{endingTokens}</p>}
              </div>
            ),
            verb: t("profile.sign_out_everywhere"),
            work: () => end.mutateAsync({}),
          })
        }
      >
        {t("profile.sign_out_everywhere")}
      </Button>
    </>
  );
}
