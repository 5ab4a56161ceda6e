import type { JoinToken } from "@berth/spec/join-token.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Badge } from "../../../components/badge.tsx";
import { Failure } from "../../../components/failure.tsx";
import { useFormat } from "../../../lib/format.ts";
import { useTRPC } from "../../../lib/trpc.ts";

/** What else was made to join with; what is open can be taken back. */
export function TokenList({ tokens }: { tokens: readonly JoinToken[] }) {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const revoke = useMutation(
    trpc.machine.join_tokens.revoke.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries(trpc.machine.join_tokens.pathFilter()),
    }),
  );
  if (tokens.length === 0) return null;
  return (
    <details>
      <summary>{t("joining.others", { count: tokens.length })}</summary>
      {revoke.error && <Failure error={revoke.error} />}
      <ul className="rows">
        {tokens.map(({ join_token_id, account, state, expires_at, machine_id }) => (
          <li key={join_token_id}>
            <span>
              <Badge tone={state === "open" ? "good" : "quiet"}>{t(`joining.states.${state}`)}</Badge> #{join_token_id}{" "}
              {t("joining.token_by", { account })}{" "}
              <span className="quiet">{machine_id ?? t("joining.token_until", { at: exact(expires_at) })}</span>
            </span>
            {state === "open" && (
              <Button
                danger
                size="small"
                aria-label={`${t("joining.revoke")}: #${join_token_id}`}
                onClick={() => revoke.mutate({ join_token_id })}
              >
                {t("joining.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
