/** Where the REST door serves a procedure. */
export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** `{name}` is a field of the input. The other fields come from the query (GET, DELETE) or the body. */
  path: `/api/${string}`;
  /** A sentence for the reader of the documentation. */
  summary: string;
  /** 201 for what creates something (default 200). */
  status?: 200 | 201;
  /** The answer holds a token or a code: it is never kept for an Idempotency-Key. */
  isSecret?: true;
  /** Takes multipart/form-data with one part, which becomes this field of the input. */
  upload?: Upload;
}

export interface Upload {
  field: string;
  maxBytes: number;
  /** The field is an `UploadedFile` that lies on disk while the call is answered, instead of bytes in memory. */
  isOnDisk?: true;
  /** The form may come without it. */
  isOptional?: true;
  /** Of all other fields together, beside what a form of some names and numbers has. */
  maxTextBytes?: number;
}

/** What a procedure says of itself beside its schemas. */
export interface ProcedureMeta {
  access?: "anyone" | "user" | "signed in" | "admin";
  /** Subscriptions have none: they need a socket. */
  route?: Route;
}
