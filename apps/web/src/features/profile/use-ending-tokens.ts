import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useTRPC } from "../../lib/trpc.ts";

/** The sentence that names one's access tokens, which end with every session; null where there is none. */
export function useEndingTokens(): string | null {
  const { t } = useTranslation();
  const tokens = useQuery(useTRPC().user.api_tokens.list.queryOptions());
  const names = tokens.data?.items.map(({ name }) => name) ?? [];
  return names.length === 0 ? null : t("profile.tokens_end", { count: names.length, names: names.join(", ") });
}
