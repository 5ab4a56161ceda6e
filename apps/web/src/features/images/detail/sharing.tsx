import type { Image } from "@berth/spec/image.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../../components/failure.tsx";
import { useTRPC } from "../../../lib/trpc.ts";

/** Who beside its owner may start from an image. */
export function Sharing({ image: { image_id }, accounts }: { image: Image; accounts: string[] }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState(accounts);
  const share = useMutation(
    trpc.image.share.mutationOptions({
      onSuccess: () => void message.success(t("common.saved")),
      onSettled: () => void queryClient.invalidateQueries(trpc.image.pathFilter()),
    }),
  );
  const isChanged = chosen.toSorted().join() !== accounts.toSorted().join();
  return (
    <section>
      <h2>{t("image.sharing")}</h2>
      <div className="commands">
        <p className="quiet">{t("image.sharing_hint")}</p>
        <Select
          mode="tags"
          aria-label={t("image.sharing_accounts")}
          value={chosen}
          maxCount={200}
          open={false}
          suffixIcon={null}
          tokenSeparators={[",", " ", "，"]}
          onChange={setChosen}
        />
        {share.error && <Failure error={share.error} />}
        <Button
          disabled={!isChanged}
          loading={share.isPending}
          onClick={() => share.mutate({ image_id, accounts: chosen })}
        >
          {t("image.sharing_save")}
        </Button>
      </div>
    </section>
  );
}
