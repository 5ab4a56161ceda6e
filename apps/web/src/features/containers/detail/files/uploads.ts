import { z } from "zod";
import { detailsOf } from "../../../../lib/failure-details.ts";
import { sendUpload, UploadRefusal } from "../../../../lib/send-upload.ts";
import { Store } from "../../../../lib/store.ts";

interface UploadRequest {
  containerId: number;
  path: string;
  file: File;
  overwrite: boolean;
}

export interface UploadEntry extends UploadRequest {
  id: number;
  state: "waiting" | "sending" | "done" | "failed";
  sent: number;
  /** Why it failed, for a person. */
  message: string;
  exists: boolean;
}

/** What a refusal says where something of that name is there. */
const Exists = z.object({ exists: z.literal(true) });

/** The server takes a few more of one account, for other tabs and downloads. */
const AT_ONCE = 3;

/** All uploads of this page. They go on while one looks at something else in it. */
export const uploads = new Store<readonly UploadEntry[]>([]);
const cancels = new Map<number, AbortController>();
let nextId = 1;

/** What one is told where the way to the server broke, and who is to know that a file has arrived. */
interface Surroundings {
  lost: string;
  onArrived: () => void;
}
const surroundings = new Map<number, Surroundings>();

export function addUploads(requests: UploadRequest[], around: Surroundings): void {
  const added = requests.map((request): UploadEntry => {
    const id = nextId++;
    surroundings.set(id, around);
    return { ...request, id, state: "waiting", sent: 0, message: "", exists: false };
  });
  uploads.set([...uploads.get(), ...added]);
  pump();
}

/** Ends it where it is under way, and takes it from the list. */
export function dropUpload(id: number): void {
  cancels.get(id)?.abort();
  surroundings.delete(id);
  uploads.set(uploads.get().filter((entry) => entry.id !== id));
  pump();
}

export function retryUpload(id: number, overwrite: boolean): void {
  change(id, { state: "waiting", sent: 0, message: "", overwrite });
  pump();
}

function change(id: number, changes: Partial<UploadEntry>): void {
  uploads.set(uploads.get().map((entry) => (entry.id === id ? { ...entry, ...changes } : entry)));
}

function pump(): void {
  const sending = uploads.get().filter(({ state }) => state === "sending").length;
  const next = uploads.get().filter(({ state }) => state === "waiting");
  for (const entry of next.slice(0, AT_ONCE - sending)) void send(entry);
  keepPage();
}

async function send(entry: UploadEntry): Promise<void> {
  const { id, containerId, path, file, overwrite } = entry;
  const around = surroundings.get(id);
  const cancel = new AbortController();
  cancels.set(id, cancel);
  change(id, { state: "sending" });
  try {
    const query = `path=${encodeURIComponent(path)}&overwrite=${overwrite}`;
    await sendUpload(
      { method: "PUT", path: `/files/containers/${containerId}?${query}`, body: file },
      { signal: cancel.signal, onProgress: (sent) => change(id, { sent }) },
    );
    change(id, { state: "done", sent: file.size });
    around?.onArrived();
  } catch (error) {
    const message = error instanceof UploadRefusal ? error.message : (around?.lost ?? "");
    const exists = Exists.safeParse(detailsOf(error)).success;
    change(id, { state: "failed", message, exists }); // one that was cancelled is in the list no more
  } finally {
    cancels.delete(id);
    pump();
  }
}

/** Leaving the page ends what is under way: the browser asks first. */
function keepPage(): void {
  const isBusy = uploads.get().some(({ state }) => state === "sending" || state === "waiting");
  if (isBusy) addEventListener("beforeunload", ask);
  else removeEventListener("beforeunload", ask);
}

const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
