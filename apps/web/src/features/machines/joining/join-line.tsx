import type { CreatedJoinToken, JoinToken } from "@berth/spec/join-token.ts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { CopyText } from "../../../components/copy-text.tsx";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { CheckList } from "./check-list.tsx";
import { JoinScript } from "./join-script.tsx";
import { TokenList } from "./token-list.tsx";
import { TimeLeft } from "./time-left.tsx";
import type { LastJoinLine } from "./use-join-line.ts";

const REFRESH_MS = 2_000;

/** A line to paste on a GPU server, what it finds there while it runs, and what becomes of it. */
export function JoinLine({ line: { created, isPending, error, make } }: { line: LastJoinLine }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const tokens = useQuery(trpc.machine.join_tokens.list.queryOptions({ limit: 50 }, { refetchInterval: REFRESH_MS }));
  const items = tokens.data?.items ?? [];
  const token = items.find(({ join_token_id }) => join_token_id === created?.join_token_id);
  return (
    <>
      <p>{t("machines.join_text")}</p>
      {error && <Failure error={error} />}
      {isPending && <Skeleton active title={false} />}
      {created && <OneLine created={created} token={token ?? created} onAgain={make} />}
      {!created && !isPending && (
        <div>
          <Button type="primary" onClick={make}>
            {t("joining.make")}
          </Button>
        </div>
      )}
      {tokens.error && <Failure error={tokens.error} onRetry={() => void tokens.refetch()} />}
      <TokenList tokens={items.filter(({ join_token_id }) => join_token_id !== created?.join_token_id)} />
    </>
  );
}

interface OneLineProps {
  created: CreatedJoinToken;
  /** The same, as it is now. */
  token: JoinToken;
  onAgain(): void;
}

function OneLine({ created, token, onAgain }: OneLineProps) {
  const { t } = useTranslation();
  const { state, checks, checked_at } = token;
  return (
    <>
      {state === "open" && (
        <>
          <CopyText text={created.command} label={t("machines.join")} />
          <div className="join-line">
            <TimeLeft until={created.expires_at} />
          </div>
          <JoinScript url={created.script_url} />
        </>
      )}
      {created.warning !== null && <Alert type="warning" title={<Said text={created.warning} />} />}
      <div className="join-line join-state">
        <span role="status">
          <JoinState token={token} />
        </span>
        {state !== "open" && <Button onClick={onAgain}>{t("joining.again")}</Button>}
      </div>
      {checked_at !== null && <CheckList checks={checks} at={checked_at} />}
    </>
  );
}

function JoinState({ token: { state, checks, checked_at, machine_id } }: { token: JoinToken }) {
  const { t } = useTranslation();
  const machines = useQuery(useTRPC().machine.list.queryOptions({ limit: 500 }, { enabled: state === "used" }));
  const failed = checks.filter(({ status }) => status === "failed").length;
  if (state === "used") {
    const joined = machines.data?.items.find((machine) => machine.machine_id === machine_id);
    return (
      <>
        {t("joining.joined", { name: joined?.name ?? machine_id ?? "" })}{" "}
        {machine_id !== null && (
          <Link to="/machines/$machineId" params={{ machineId: machine_id }}>
            {t("joining.open_machine")}
          </Link>
        )}
      </>
    );
  }
  if (state === "expired") return t("joining.over");
  if (state === "revoked") return t("joining.revoked");
  if (checked_at === null) return t("joining.waits");
  if (failed > 0) return t("joining.failed", { count: failed });
  // The last thing that it looks at.
  return checks.some(({ check }) => check === "address") ? t("joining.passed") : t("joining.checking");
}
