import { LAB, PASSWORD } from "./large-lab.ts";
import type { Call } from "./load.ts";

/** What is measured: a route of Berth's, and one of the bare server that does the same work. */
export interface Door {
  name: string;
  /** In one round, on either side. */
  calls: number;
  /** How many at once: each is a measurement of its own. */
  parallel: readonly number[];
  ours(at: number): Call;
  bare(at: number): Call;
}

export interface Stage {
  ours: string;
  bare: string;
  /** Of each admin of the lab. */
  tokens: readonly string[];
  /** The second page of all containers begins after it. */
  cursor: string;
}

/** Callers take turns, each with an account and an address of their own: alone, one would soon meet the limits on calls. */
const callerAt = (at: number): number => at % LAB.admins;
const addressOf = (at: number): string => `127.0.0.${10 + callerAt(at)}`;

export function listDoors(stage: Stage): Door[] {
  const get = (url: string, at: number): Call => ({
    method: "GET",
    url,
    from: addressOf(at),
    headers: { authorization: `Bearer ${stage.tokens[callerAt(at)]}` },
  });
  /** Both pages in turn. */
  const page = (at: number) => ({ limit: 500, scope: "all", ...(at % 2 === 1 && { cursor: stage.cursor }) });
  const query = (at: number): string =>
    Object.entries(page(at))
      .map((field) => field.map(encodeURIComponent).join("="))
      .join("&");
  const input = (at: number): string => encodeURIComponent(JSON.stringify(page(at)));
  return [
    {
      name: `GET /api/machine/info, ${LAB.machines} machines`,
      calls: 80,
      parallel: [1, 8],
      ours: (at) => get(`${stage.ours}/api/machine/info`, at),
      bare: (at) => get(`${stage.bare}/machine/info`, at),
    },
    {
      name: `GET /api/containers, pages of 500`,
      calls: 24,
      parallel: [1, 8],
      ours: (at) => get(`${stage.ours}/api/containers?${query(at)}`, at),
      bare: (at) => get(`${stage.bare}/containers?${query(at)}`, at),
    },
    {
      name: "container.list over tRPC, pages of 500",
      calls: 24,
      parallel: [1, 8],
      ours: (at) => get(`${stage.ours}/trpc/container.list?input=${input(at)}`, at),
      bare: (at) => get(`${stage.bare}/trpc/containers?${query(at)}`, at),
    },
    {
      name: "POST /api/auth/login",
      calls: 24,
      parallel: [1, 4],
      ours: (at) => login(`${stage.ours}/api/auth/login`, at),
      bare: (at) => login(`${stage.bare}/login`, at),
    },
  ];
}

export const login = (url: string, at: number): Call => ({
  method: "POST",
  url,
  from: addressOf(at),
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ account: `bench-${callerAt(at)}`, password: PASSWORD }),
});
