import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Said } from "../../../components/said.tsx";
import { Failure } from "../../../components/failure.tsx";
import { TimeAgo } from "../../../components/time-ago.tsx";
import { useTRPC } from "../../../lib/trpc.ts";
import { useIsBeingRemoved } from "../use-is-being-removed.ts";
import { Loading } from "../../../components/loading.tsx";

/** What happened to it and why, newest first. Equal ones in a row are one, with their count. */
export function EventList({ containerId }: { containerId: number }) {
  const { t } = useTranslation();
  const enabled = !useIsBeingRemoved();
  const events = useInfiniteQuery(
    useTRPC().container.events.infiniteQueryOptions(
      { container_id: containerId, limit: 100 },
      { enabled, getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined },
    ),
  );
  if (events.isPending) return <Loading />;
  if (!events.data) return <Failure error={events.error} onRetry={() => void events.refetch()} />;
  const items = events.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="quiet">{t("containers.no_events")}</p>;
  return (
    <>
      {events.error && <Failure error={events.error} onRetry={() => void events.refetch()} />}
      <ol className="events">
        {items.map(({ event_id, kind, reason, message, count, first_at, last_at }) => (
          <li key={event_id} data-kind={kind}>
            <span className="quiet">
              <TimeAgo at={last_at} />
            </span>
            <strong>
              {kind === "warning" && <span className="visually-hidden">{t("container.warning")} </span>}
              <Said text={reason} />
            </strong>
            <span>
              <Said text={message} />{" "}
              {count > 1 && (
                <span className="quiet">
                  {t("containers.times", { count })} {t("container.since")} <TimeAgo at={first_at} />
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
      {events.hasNextPage && (
        <Button loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          {t("container.older_events")}
        </Button>
      )}
    </>
  );
}
