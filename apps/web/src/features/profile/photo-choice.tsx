import { UserOutlined } from "@ant-design/icons";
import { MAX_PHOTO_BYTES, type Me } from "@berth/spec/user.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Avatar, Button, Upload } from "antd";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/failure.tsx";
import { formatBytes } from "../../lib/sizes.ts";
import { sendUpload } from "../../lib/send-upload.ts";
import { useTRPC } from "../../lib/trpc.ts";

/** One of Berth's pictures, or one's own. */
export function PhotoChoice({ me: { user_id, photo } }: { me: Me }) {
  const { t } = useTranslation();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const photos = useQuery(trpc.user.default_photos.queryOptions());
  const onSettled = (): void => void queryClient.invalidateQueries(trpc.user.pathFilter());
  const choose = useMutation(trpc.user.set_photo_default.mutationOptions({ onSettled }));
  const upload = useMutation({ mutationFn: uploadPhoto, onSettled });
  const send = (file: File): void => {
    if (file.size > MAX_PHOTO_BYTES) return upload.mutate(null);
    upload.mutate(file);
  };
  const error = choose.error ?? upload.error;
  return (
    <div className="photo-choice">
      <Avatar size={64} icon={<UserOutlined />} src={photo ?? undefined} alt={t("profile.photo")} />
      <div className="photo-options">
        {photos.data?.items.map((each) => (
          <button
            key={each.name}
            type="button"
            aria-label={t("profile.choose_photo", { name: each.name })}
            aria-pressed={each.photo === photo}
            onClick={() => choose.mutate({ user_id, photo: each.name })}
          >
            <img src={each.photo} width="36" height="36" alt="" />
          </button>
        ))}
        <Upload
          accept="image/png,image/jpeg,image/webp,image/gif"
          showUploadList={false}
          beforeUpload={(file) => {
            send(file);
            return false;
          }}
        >
          <Button loading={upload.isPending}>{t("profile.upload_photo")}</Button>
        </Upload>
        <p className="quiet">{t("profile.photo_hint", { size: formatBytes(MAX_PHOTO_BYTES) })}</p>
      </div>
      {error && <Failure error={error} />}
    </div>
  );
}

/** By the REST door, which takes files. Null is one that is too large to be sent. */
async function uploadPhoto(file: File | null): Promise<void> {
  if (file === null) throw new Error(i18next.t("profile.photo_hint", { size: formatBytes(MAX_PHOTO_BYTES) }));
  const body = new FormData();
  body.append("photo", file);
  await sendUpload({ method: "POST", path: "/api/user/set_photo/custom", body });
}
