import type { Image } from "@berth/spec/image.ts";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { trpcClient, useTRPC } from "../../../lib/trpc.ts";
import { parseEnv } from "../../../lib/typed-lines.ts";
import { type KeptParams, toParams } from "../create-params-values.ts";
import { type BuildDraft, drafts } from "./build-draft.ts";
import type { BuildValues } from "./build-form.tsx";
import type { ChosenContext } from "./context-choice.tsx";
import { type BuildFields, sendBuild } from "./send-build.ts";

interface State {
  isUnderWay: boolean;
  isCancelled: boolean;
  /** Bytes, while files are sent. */
  progress: { done: number; total: number } | null;
  error: Error | null;
}

const IDLE: State = { isUnderWay: false, isCancelled: false, progress: null, error: null };

interface BuildOptions {
  draftKey: Parameters<typeof drafts.read>[0];
  again: Image | undefined;
}

/** Sends a build, and goes to the page of its image. Leaving the page gives up what is not sent yet. */
export function useBuild({ draftKey, again }: BuildOptions) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [state, setState] = useState(IDLE);
  const sending = useRef<AbortController | null>(null);
  useEffect(() => () => sending.current?.abort(), []);
  const send = async (values: BuildValues, draft: BuildDraft, context: ChosenContext | null): Promise<void> => {
    const controller = new AbortController();
    sending.current = controller;
    setState({ ...IDLE, isUnderWay: true });
    const { signal } = controller;
    const files = values.source === "git" ? null : context;
    try {
      if (again?.name === values.name) await removeFailed(again.image_id);
      const image = await sendBuild(fieldsOf(values, draft.dockerfile, again?.create_params), {
        context: files,
        signal,
        onProgress: (done, total) => files && setState({ ...IDLE, isUnderWay: true, progress: { done, total } }),
      });
      drafts.write(`built-${image.image_id}`, draft);
      drafts.forget(draftKey);
      void queryClient.invalidateQueries(trpc.image.pathFilter());
      await navigate({
        to: "/images/$imageId",
        params: { imageId: String(image.image_id) },
        search: { tab: "log" },
      });
    } catch (error) {
      if (signal.aborted) return setState({ ...IDLE, isCancelled: true });
      setState({ ...IDLE, error: error as Error });
    }
  };
  return {
    ...state,
    start: (values: BuildValues, draft: BuildDraft, context: ChosenContext | null): void =>
      void send(values, draft, context),
    cancel: (): void => sending.current?.abort(new DOMException("cancelled", "AbortError")),
  };
}

/** Its name is free once it is gone. It may be gone already: an earlier try was refused after that. */
async function removeFailed(image_id: number): Promise<void> {
  const now = await trpcClient.image.get.query({ image_id }).catch(() => null);
  if (now?.phase === "Failed" && now.desired === "present") await trpcClient.image.remove.mutate({ image_id });
}

function fieldsOf(values: BuildValues, dockerfile: string, kept: KeptParams = { mounts: [] }): BuildFields {
  const { source, path, git, name, display_name, description, build_args, machine_id, inherits, params } = values;
  const args = parseEnv(build_args);
  return {
    name,
    // Beside files, only what has several lines is the Dockerfile itself.
    ...(source === "text" ? { dockerfile: `${dockerfile}\n` } : path && { dockerfile: path }),
    ...(source === "git" && { git }),
    ...(display_name && { display_name }),
    ...(description && { description }),
    ...(machine_id && { machine_id }),
    ...(Object.keys(args).length > 0 && { build_args: JSON.stringify(args) }),
    ...(!inherits && { create_params: JSON.stringify(toParams(params ?? {}, kept)) }),
  };
}
