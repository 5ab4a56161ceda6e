import { randomUUID } from "node:crypto";
import { digestOf } from "../hex-id.ts";
import { NOT_ALLOWED, type RegistryAnswer, type RegistryCall, refusal } from "./registry-call.ts";

/** `POST /v2/<name>/blobs/uploads/`: begins an upload, or takes a blob over from another repository. */
export function beginUpload(call: RegistryCall): RegistryAnswer {
  const { registry, uploads, repository, query } = call;
  const [digest, from] = [query.get("mount"), query.get("from")];
  if (digest !== null && from !== null && registry.blobs.mount(digest, `${registry.address}/${from}`, repository)) {
    return created(call, digest);
  }
  const id = randomUUID();
  uploads.set(id, Buffer.alloc(0));
  return progress(call, 202, id, 0);
}

/** `http://${registry.address}/v2/<name>/blobs/uploads/<uuid>`. */
export function answerUpload(call: RegistryCall, id: string): RegistryAnswer {
  const { registry, uploads, repository, query, method, body } = call;
  const received = uploads.get(id);
  if (!received) return refusal(404, "BLOB_UPLOAD_UNKNOWN");
  switch (method) {
    case "GET":
      return progress(call, 204, id, received.length);
    case "PATCH": {
      const content = Buffer.concat([received, body]);
      uploads.set(id, content);
      return progress(call, 202, id, content.length);
    }
    case "PUT": {
      const content = Buffer.concat([received, body]);
      const digest = query.get("digest");
      if (digest === null || digest !== digestOf(content)) return refusal(400, "DIGEST_INVALID", [{ Digest: digest }]);
      uploads.delete(id);
      return created(call, registry.blobs.store(repository, content));
    }
    case "DELETE":
      uploads.delete(id);
      return { status: 204, headers: { "Docker-Upload-Uuid": id } };
    default:
      return NOT_ALLOWED;
  }
}

/** The query is there as on a real registry: whoever appends to it must see that it has one. */
function progress({ registry, name }: RegistryCall, status: number, id: string, sizeBytes: number): RegistryAnswer {
  const headers = {
    Location: `http://${registry.address}/v2/${name}/blobs/uploads/${id}?_state=${id}`,
    "Docker-Upload-Uuid": id,
    Range: `0-${Math.max(0, sizeBytes - 1)}`,
  };
  return { status, headers };
}

function created({ registry, name }: RegistryCall, digest: string): RegistryAnswer {
  return {
    status: 201,
    headers: { Location: `http://${registry.address}/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest },
  };
}
