import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../lib/trpc.ts";

const MOST_CHOICES = 50;
/** As the server takes it. */
const LONGEST_SEARCH = 64;

interface PersonFilterProps {
  userId: number | undefined;
  /** Of that user, as far as it is known: they may have been deleted. */
  account: string | undefined;
  onChoose: (userId: number | undefined) => void;
}

/** One user, or all; searched for by the server, for there may be more than a list can hold. */
export function PersonFilter({ userId, account, onChoose }: PersonFilterProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const search = typed.trim().slice(0, LONGEST_SEARCH);
  const users = useQuery(
    useTRPC().user.list.queryOptions(
      { limit: MOST_CHOICES, ...(search !== "" && { search }) },
      { placeholderData: keepPreviousData },
    ),
  );
  const found = (users.data?.items ?? []).map((user) => ({ value: user.user_id, label: user.account }));
  const isListed = found.some(({ value }) => value === userId);
  const chosen = userId === undefined || isListed ? [] : [{ value: userId, label: account ?? `#${userId}` }];
  return (
    <Select
      className="audit-person"
      aria-label={t("audit.who")}
      placeholder={t("common.any", { what: t("audit.who") })}
      allowClear
      showSearch={{ filterOption: false, searchValue: typed, onSearch: setTyped }}
      loading={users.isFetching}
      value={userId ?? null}
      options={[...chosen, ...found]}
      onChange={(value: number | undefined) => onChoose(value)}
    />
  );
}
