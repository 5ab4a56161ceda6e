import type { FormInstance } from "antd";
import type { TFunction } from "i18next";
import type { z } from "zod";
import { said } from "../../../lib/said.ts";
import type { container_form } from "../../../locales/zh/container-form.ts";
import { detailsOf } from "../../../lib/failure-details.ts";
import type { ContainerWish } from "./container-wish.ts";

/** One field that is not as it must be: where, and what is said beside it. */
export interface Fault {
  path: readonly (string | number)[];
  message: string;
}

type Explained = keyof typeof container_form.fault;
/** What a schema says in English, in the reader's words: by the field, without the places in its lists. */
const EXPLAINED: Record<string, Explained> = {
  name: "name",
  image: "image",
  display_name: "display_name",
  "ports.name": "port_name",
  "ports.container_port": "port_number",
  "mounts.path": "mount_path",
  "mounts.storage": "mount_storage",
  working_dir: "working_dir",
  cpus: "cpus",
  memory: "memory",
  shm: "shm",
};

/** These fields are one text in the form. */
const WHOLE = new Set(["env", "command", "entrypoint"]);
const inForm = (path: Fault["path"]): Fault["path"] => (WHOLE.has(String(path[0])) ? path.slice(0, 1) : path);

export const faultsOf = (error: z.ZodError, t: TFunction): Fault[] =>
  error.issues.map(({ path, code, message }) => {
    const places = path.filter((key) => typeof key !== "symbol");
    const field = places.filter((key) => typeof key === "string").join(".");
    const explained = EXPLAINED[field];
    // Which two do not go together only the schema says.
    const isOfTwo = field === "mounts.path" && code === "custom";
    return {
      path: inForm(places),
      message: explained === undefined || isOfTwo ? said(message) : t(`container_form.fault.${explained}`),
    };
  });

/** What the server says of single fields; empty where it says nothing of that kind. */
export function faultsInRefusal(error: unknown): Fault[] {
  const { fields } = (detailsOf(error) ?? {}) as { fields?: { field: string; message: string }[] };
  if (!Array.isArray(fields)) return [];
  return fields
    .filter(({ message }) => typeof message === "string")
    .map(({ field, message }) => ({
      path: inForm(field.split(".").map((key) => (/^\d+$/.test(key) ? Number(key) : key))),
      message: said(message),
    }));
}

/** Shows each fault at its field, and answers those that have none. The first one is scrolled to. */
export function showFaults(form: FormInstance<ContainerWish>, faults: readonly Fault[]): Fault[] {
  const known = new Set(Object.keys(form.getFieldsValue()));
  const shown = faults.filter(({ path }) => known.has(String(path[0])));
  form.setFields(shown.map(({ path, message }) => ({ name: path as ["name"], errors: [message] })));
  const [first] = shown;
  if (first) form.scrollToField([...first.path], { focus: true, block: "center" });
  return faults.filter((fault) => !shown.includes(fault));
}
